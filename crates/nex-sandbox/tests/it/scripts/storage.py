s3 = client("s3")
HERE = {"LocationConstraint": "eu-west-3"}

# A new bucket is private and encrypted, has no ACLs, and has the tags of its creation.
s3.create_bucket(Bucket="one-bucket", CreateBucketConfiguration={**HERE, "Tags": tagged(a="b", c="+-=._:/@ ü")})
assert sorted(s3.get_bucket_tagging(Bucket="one-bucket")["TagSet"], key=str) == tagged(a="b", c="+-=._:/@ ü")
assert all(s3.get_public_access_block(Bucket="one-bucket")["PublicAccessBlockConfiguration"].values())
rules = s3.get_bucket_encryption(Bucket="one-bucket")["ServerSideEncryptionConfiguration"]["Rules"]
assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
owner = s3.get_bucket_ownership_controls(Bucket="one-bucket")["OwnershipControls"]["Rules"]
assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="one-bucket", CreateBucketConfiguration=HERE)

# A bucket that is created without tags does not get those of the bucket before.
s3.create_bucket(Bucket="two-bucket", CreateBucketConfiguration=HERE)
refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket="two-bucket")
refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket="two-bucket")
refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket="two-bucket")
refused("NoSuchBucket", s3.get_bucket_tagging, Bucket="no-bucket")

# Lifecycle rules and objects are returned unchanged.
rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "gitlab/"}, "Expiration": {"Days": 14}}
s3.put_bucket_lifecycle_configuration(Bucket="two-bucket", LifecycleConfiguration={"Rules": [rule]})
assert s3.get_bucket_lifecycle_configuration(Bucket="two-bucket")["Rules"] == [rule]
body = bytes(range(256)) * 1000
s3.put_object(Bucket="two-bucket", Key="a/b c+d", Body=body)
assert s3.get_object(Bucket="two-bucket", Key="a/b c+d")["Body"].read() == body
assert s3.head_object(Bucket="two-bucket", Key="a/b c+d")["ContentLength"] == len(body)
refused("BucketNotEmpty", s3.delete_bucket, Bucket="two-bucket")
s3.delete_object(Bucket="two-bucket", Key="a/b c+d")
s3.delete_bucket(Bucket="two-bucket")

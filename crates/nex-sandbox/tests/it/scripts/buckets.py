import os
import ssl
import urllib.error

s3 = client("s3")
HERE = {"LocationConstraint": "eu-west-3"}
TAKEN, DISTANT = {"Bucket": "nex-taken-elsewhere"}, {"Bucket": "nex-other-region"}


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


PLAIN, ENCRYPTED = sys.argv[1], os.environ["AWS_ENDPOINT_URL_S3"]
TRUSTED = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"]))


def raw(method, path, region="eu-west-3", endpoint=ENCRYPTED, **headers):
    """The status, the headers and the body. boto3 would follow a redirect to the other Region."""
    scope = f"AWS4-HMAC-SHA256 Credential=sandbox/20260101/{region}/s3/aws4_request, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(f"{endpoint}/{path}", method=method, headers={"Authorization": scope, **headers})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), TRUSTED, Unfollowed)
    try:
        answer = opener.open(request)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read().decode()


# The bucket of another account.
refused("BucketAlreadyExists", s3.create_bucket, **TAKEN, CreateBucketConfiguration=HERE)
for call in (s3.get_public_access_block, s3.get_bucket_tagging, s3.list_objects_v2, s3.delete_bucket):
    answer = refused("AccessDenied", call, **TAKEN)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403, answer
refused("AccessDenied", s3.put_object, **TAKEN, Key="x", Body=b"")
refused("403", s3.head_bucket, **TAKEN)
assert raw("HEAD", TAKEN["Bucket"])[2] == ""

# The bucket in another Region. boto3 asks again with the other Region in the signature.
status, headers, body = raw("GET", f"{DISTANT['Bucket']}?tagging")
assert (status, headers["x-amz-bucket-region"]) == (301, "eu-west-1"), (status, headers)
assert "<Code>PermanentRedirect</Code>" in body, body
status, headers, body = raw("HEAD", DISTANT["Bucket"])
assert (status, headers["x-amz-bucket-region"], body) == (301, "eu-west-1", ""), (status, headers)
assert raw("HEAD", DISTANT["Bucket"], region="eu-west-1")[0] == 200
refused("NoSuchTagSet", s3.get_bucket_tagging, **DISTANT)
names = {one["Name"] for one in s3.list_buckets()["Buckets"]}
assert DISTANT["Bucket"] in names and TAKEN["Bucket"] not in names, names

# The expected owner.
s3.create_bucket(Bucket="own-bucket", CreateBucketConfiguration=HERE)
OWN = {"Bucket": "own-bucket"}
s3.put_object(**OWN, Key="x", Body=b"1", ExpectedBucketOwner="009001720821")
s3.head_bucket(**OWN, ExpectedBucketOwner="009001720821")
refused("AccessDenied", s3.put_object, **OWN, Key="x", Body=b"2", ExpectedBucketOwner="210987654321")
refused("AccessDenied", s3.get_bucket_tagging, **OWN, ExpectedBucketOwner="210987654321")
refused("403", s3.head_bucket, **OWN, ExpectedBucketOwner="210987654321")


# Policies about the transport.
def policy(secure, action):
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": action,
        "Resource": ["arn:aws:s3:::own-bucket", "arn:aws:s3:::own-bucket/*"],
        "Condition": {"Bool": {"aws:SecureTransport": secure}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


refused("NoSuchBucketPolicy", s3.get_bucket_policy, **OWN)
s3.put_bucket_policy(**OWN, Policy=json.dumps(policy("false", "s3:*")))
assert json.loads(s3.get_bucket_policy(**OWN)["Policy"]) == policy("false", "s3:*")
s3.put_object(**OWN, Key="x", Body=b"3")
assert s3.get_object(**OWN, Key="x")["Body"].read() == b"3"
for method, path in (("GET", "own-bucket/x"), ("PUT", "own-bucket/x"), ("GET", "own-bucket?location"), ("HEAD", "own-bucket")):
    # The gateway, and no client, says how a call came.
    status, _, body = raw(method, path, endpoint=PLAIN, **{"X-Forwarded-Proto": "https"})
    assert status == 403 and ("<Code>AccessDenied</Code>" in body) == (method != "HEAD"), (method, path, status, body)
assert raw("GET", "own-bucket/x")[0] == 200 and raw("HEAD", "nex-staging-backups", endpoint=PLAIN)[0] == 200
s3.put_bucket_policy(**OWN, Policy=json.dumps(policy("true", "s3:PutObject")))
refused("AccessDenied", s3.put_object, **OWN, Key="x", Body=b"4")
assert s3.get_object(**OWN, Key="x")["Body"].read() == b"3"
s3.delete_bucket_policy(**OWN)
refused("NoSuchBucketPolicy", s3.get_bucket_policy, **OWN)

# Conditional calls.
first = s3.put_object(**OWN, Key="y", Body=b"1", IfNoneMatch="*")["ETag"]
answer = refused("PreconditionFailed", s3.put_object, **OWN, Key="y", Body=b"2", IfNoneMatch="*")
assert answer["ResponseMetadata"]["HTTPStatusCode"] == 412, answer
second = s3.put_object(**OWN, Key="y", Body=b"2", IfMatch=first)["ETag"]
refused("PreconditionFailed", s3.put_object, **OWN, Key="y", Body=b"3", IfMatch=first)
refused("PreconditionFailed", s3.delete_object, **OWN, Key="y", IfMatch=first)
assert s3.get_object(**OWN, Key="y")["Body"].read() == b"2"
s3.delete_object(**OWN, Key="y", IfMatch=second)
refused("NoSuchKey", s3.get_object, **OWN, Key="y")
s3.put_object(**OWN, Key="y", Body=b"4", IfNoneMatch="*")

# The list says where each bucket is.
regions = {bucket["Name"]: bucket["BucketRegion"] for bucket in s3.list_buckets(Prefix="nex-")["Buckets"]}
assert regions["nex-other-region"] == "eu-west-1" and regions["nex-staging-backups"] == "eu-west-3", regions

# A bucket without notifications: the root of the answer is the one of S3's API reference.
s3.create_bucket(Bucket="quiet", CreateBucketConfiguration=HERE)
status, _, body = raw("GET", "quiet?notification=")
assert status == 200 and "<NotificationConfiguration" in body, body
topic = {"TopicArn": "arn:aws:sns:eu-west-3:666666666666:theirs", "Events": ["s3:ObjectCreated:*"]}
s3.put_bucket_notification_configuration(Bucket="quiet", NotificationConfiguration={"TopicConfigurations": [topic]})
configured = s3.get_bucket_notification_configuration(Bucket="quiet")
assert configured["TopicConfigurations"][0]["TopicArn"] == topic["TopicArn"], configured

# The same of versioning, which has no status until it is first on.
status, _, body = raw("GET", "quiet?versioning=")
assert status == 200 and "<VersioningConfiguration" in body and "Status" not in body, body
for state in ("Enabled", "Suspended"):
    s3.put_bucket_versioning(Bucket="quiet", VersioningConfiguration={"Status": state})
    assert s3.get_bucket_versioning(Bucket="quiet")["Status"] == state

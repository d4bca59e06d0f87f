# The characters and lengths of tags that each service accepts.
iam, logs, dlm, s3, ec2 = client("iam"), client("logs"), client("dlm"), client("s3"), client("ec2")
role = profile("x")
HERE = {"LocationConstraint": "eu-west-3"}
logs.create_log_group(logGroupName="/x")
group = logs.describe_log_groups(logGroupNamePrefix="/x")["logGroups"][0]["logGroupArn"]
s3.create_bucket(Bucket="x-bucket", CreateBucketConfiguration=HERE)
POLICY = {
    "ExecutionRoleArn": role, "Description": "daily", "State": "ENABLED",
    "PolicyDetails": {
        "ResourceTypes": ["VOLUME"], "TargetTags": tagged(a="b"),
        "Schedules": [{"CreateRule": {"Interval": 24}, "RetainRule": {"Count": 7}}],
    },
}
policy = dlm.create_lifecycle_policy(**POLICY)["PolicyId"]
arn = dlm.get_lifecycle_policy(PolicyId=policy)["Policy"]["PolicyArn"]
GOOD = [("Cost Center", "Größe 1 _.:/=+-@"), ("k" * 128, "v" * 256), ("a", "")]
BAD = [("a", "R&D"), ("a", "a, b"), ("a&b", "c"), ("k" * 129, "v"), ("a", "v" * 257), ("a", "b\nc")]


def pair(key, value):
    return [{"Key": key, "Value": value}]


for key, value in GOOD:
    iam.tag_role(RoleName="x", Tags=pair(key, value))
    logs.tag_resource(resourceArn=group, tags={key: value})
    s3.put_bucket_tagging(Bucket="x-bucket", Tagging={"TagSet": pair(key, value)})
s3.put_object(Bucket="x-bucket", Key="x", Body=b"<Tagging")
for key, value in BAD:
    for call, arguments in (
        (iam.create_role, {"RoleName": "y", "AssumeRolePolicyDocument": TRUST}),
        (iam.create_instance_profile, {"InstanceProfileName": "y"}),
        (iam.tag_role, {"RoleName": "x"}),
        (iam.tag_instance_profile, {"InstanceProfileName": "x"}),
    ):
        answer = refused("ValidationError", call, **arguments, Tags=pair(key, value))
        assert answer["Error"]["Message"].startswith("1 validation error detected: Value '"), answer
    refused("InvalidParameterException", logs.create_log_group, logGroupName="/y", tags={key: value})
    refused("InvalidParameterException", logs.tag_resource, resourceArn=group, tags={key: value})
    refused("InvalidTag", s3.put_bucket_tagging, Bucket="x-bucket", Tagging={"TagSet": pair(key, value)})
    refused("InvalidTag", s3.create_bucket, Bucket="y-bucket", CreateBucketConfiguration={**HERE, "Tags": pair(key, value)})
    s3.put_object(Bucket="x-bucket", Key="x", Body=f"<Tagging><Tag><Key>{key}</Key><Value>{value}</Value></Tag></Tagging>")
refused("NoSuchEntity", iam.get_role, RoleName="y")
refused("404", s3.head_bucket, Bucket="y-bucket")

# DLM accepts fewer characters in keys and descriptions, and all in values.
dlm.tag_resource(ResourceArn=arn, Tags={"nex:managed-by": "R&D, ü"})
for key, value in (("Cost Center", "1"), ("a@b", "1"), ("aws:x", "1"), ("a", "v" * 257)):
    refused("InvalidRequestException", dlm.tag_resource, ResourceArn=arn, Tags={key: value})
    refused("InvalidRequestException", dlm.create_lifecycle_policy, **POLICY, Tags={key: value})
refused("InvalidRequestException", dlm.create_lifecycle_policy, **{**POLICY, "Description": "daily, 14 days"})
refused("InvalidRequestException", dlm.update_lifecycle_policy, PolicyId=policy, Description="daily (14)")

# EC2 accepts what the others do not.
ec2.create_security_group(
    GroupName="x", Description="x", VpcId=subnet("public-a")["VpcId"],
    TagSpecifications=specs("security-group", a="R&D, b"),
)

# With a lag, lists answer from the past. Reads by id or name are current.
ec2, iam, secrets, s3 = client("ec2"), client("iam"), client("secretsmanager"), client("s3")
tagging = client("resourcegroupstaggingapi")
vpc = subnet("public-a")["VpcId"]
NAME = named("Name", "x")
RULE = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 14}}


def lifecycle(bucket):
    try:
        return s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["Expiration"]["Days"]
    except ClientError as fault:
        return fault.response["Error"]["Code"]


def lists():
    """What each lagging read knows of x."""
    roles = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    tags = tagging.get_resources(TagFilters=[{"Key": "Name", "Values": ["x"]}])["ResourceTagMappingList"]
    return {
        "groups": len(ec2.describe_security_groups(Filters=NAME)["SecurityGroups"]),
        "instances": len(ec2.describe_instances(Filters=NAME)["Reservations"]),
        "volumes": len(ec2.describe_volumes(Filters=NAME)["Volumes"]),
        "addresses": len(ec2.describe_addresses(Filters=NAME)["Addresses"]),
        "templates": len(ec2.describe_launch_templates(Filters=NAME)["LaunchTemplates"]),
        "roles": sum(one["RoleName"] == "x" for one in roles),
        "tagged": len(tags) > 0,
    }


def listed():
    return [one["Name"] for one in secrets.list_secrets()["SecretList"]]


def create():
    s3.create_bucket(Bucket="x-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-3", "Tags": tagged(Name="x")})
    s3.put_bucket_lifecycle_configuration(Bucket="x-bucket", LifecycleConfiguration={"Rules": [RULE]})
    ids = {}
    ids["role"] = iam.create_role(RoleName="x", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    ids["secret"] = secrets.create_secret(Name="x")["ARN"]
    ids["group"] = ec2.create_security_group(
        GroupName="x", Description="x", VpcId=vpc, TagSpecifications=specs("security-group", Name="x")
    )["GroupId"]
    ids["address"] = ec2.allocate_address(Domain="vpc", TagSpecifications=specs("elastic-ip", Name="x"))["AllocationId"]
    ids["template"] = ec2.create_launch_template(
        LaunchTemplateName="template", LaunchTemplateData={"InstanceType": "t3.micro"},
        TagSpecifications=specs("launch-template", Name="x"),
    )["LaunchTemplate"]["LaunchTemplateId"]
    ids["instance"] = ec2.run_instances(**server(TagSpecifications=specs("instance", "volume", Name="x")))["Instances"][0]["InstanceId"]
    return ids


EMPTY = {"groups": 0, "instances": 0, "volumes": 0, "addresses": 0, "templates": 0, "roles": 0, "tagged": False}
FULL = {"groups": 1, "instances": 1, "volumes": 1, "addresses": 1, "templates": 1, "roles": 1, "tagged": True}
assert lists() == EMPTY
lag(4)
begin = Clock()
ids = create()
end = Clock()
assert lists() == EMPTY, lists()
assert listed() == []
assert lifecycle("x-bucket") == "NoSuchLifecycleConfiguration"
assert lifecycle("no-bucket") == "NoSuchBucket"

# Reads by id or name.
assert ec2.describe_security_groups(GroupIds=[ids["group"]])["SecurityGroups"][0]["GroupName"] == "x"
assert ec2.describe_instances(InstanceIds=[ids["instance"]])["Reservations"]
assert ec2.describe_addresses(AllocationIds=[ids["address"]])["Addresses"]
assert ec2.describe_launch_templates(LaunchTemplateNames=["template"])["LaunchTemplates"]
assert iam.get_role(RoleName="x") and secrets.describe_secret(SecretId="x")
assert s3.get_bucket_tagging(Bucket="x-bucket")["TagSet"] == tagged(Name="x")
assert time.monotonic() - begin.start < 4, "the machine is too slow for this test"

# After the lag the lists know all of it; those of secrets take twice as long.
end.wait(4.2)
assert lists() == FULL, lists()
assert lifecycle("x-bucket") == 14
assert listed() == []
end.wait(8.2)
assert listed() == ["x"]

# Changes and deletions are hidden, too. The rules of a deleted bucket are not.
ec2.create_tags(Resources=[ids["group"]], Tags=tagged(Name="y"))
ec2.release_address(AllocationId=ids["address"])
s3.delete_bucket(Bucket="x-bucket")
secrets.delete_secret(SecretId="x", ForceDeleteWithoutRecovery=True)
assert lists() == FULL, lists()
assert listed() == ["x"]
assert lifecycle("x-bucket") == "NoSuchBucket"
refused("InvalidAllocationID.NotFound", ec2.describe_addresses, AllocationIds=[ids["address"]])

# Without a lag, all is visible at once.
lag(0)
assert lists() == {**FULL, "groups": 0, "addresses": 0}, lists()
assert listed() == []

# A call does not become slow. A snapshot is taken every 25 ms here, so many calls have their own.
lag(0.5)
slowest = 0
for number in range(40):
    start = time.monotonic()
    iam.create_role(RoleName=f"y{number}", AssumeRolePolicyDocument=TRUST)
    ec2.describe_security_groups(Filters=NAME)
    slowest = max(slowest, time.monotonic() - start)
assert slowest < 1, slowest

# All pages of the tagging API come from one copy.
logs = client("logs")
for number in range(60):
    logs.create_log_group(logGroupName=f"/nex/many/{number}", tags={"many": "1"})
time.sleep(0.6)
logs.create_log_group(logGroupName="/nex/last", tags={"many": "1"})
pages = tagging.get_paginator("get_resources").paginate(TagFilters=[{"Key": "many"}])
assert sum(len(page["ResourceTagMappingList"]) for page in pages) == 60

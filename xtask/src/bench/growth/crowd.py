"""Adds to a sandbox what other teams own: tagged ManagedBy=nex, without the tag of a deployment.

  crowd.py account      resources of all kinds, except those whose names nex cannot filter by
  crowd.py names        roles, and log groups in nex's own folders
  crowd.py records N NAME [COMMENT]    N records NAME-0, NAME-1 and so on in the zone

Prints how many of each kind it added, as JSON.
"""

import json
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

COUNT = 1000
# AWS's quota for a Region.
POLICIES = 100
TAGS = {"ManagedBy": "nex", "Team": "another"}
TAG_LIST = [{"Key": key, "Value": value} for key, value in TAGS.items()]
IMAGE = "ami-0a12023000000aa01"
# The sandbox has a quota of vCPUs for the standard families only.
INSTANCE_TYPE = "g4dn.xlarge"
TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
# The maximum of a batch on Cloudflare's free plan.
BATCH = 200
# A client per service; they are safe to share between threads.
CONFIG = Config(max_pool_connections=8, s3={"addressing_style": "path"})
added = {}


def client(service):
    return boto3.client(service, config=CONFIG)


def each(kind, create, count=COUNT):
    """Calls `create` with each number."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, range(count)))
    added[kind] = count


def account():
    ec2 = client("ec2")
    specifications = [{"ResourceType": kind, "Tags": TAG_LIST} for kind in ("instance", "volume")]
    own = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["nex-staging"]}])["Vpcs"][0]["VpcId"]
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.0.0/20")["Subnet"]["SubnetId"]
    ec2.run_instances(
        ImageId=IMAGE, InstanceType=INSTANCE_TYPE, MinCount=COUNT, MaxCount=COUNT, SubnetId=subnet,
        TagSpecifications=specifications,
    )
    added["instances with a volume each"] = COUNT
    each("security groups", lambda n: ec2.create_security_group(
        GroupName=f"another-team-{n}", Description="another team", VpcId=own, TagSpecifications=tags("security-group")))
    each("launch templates", lambda n: ec2.create_launch_template(
        LaunchTemplateName=f"another-team-{n}", TagSpecifications=tags("launch-template"),
        LaunchTemplateData={"ImageId": IMAGE, "InstanceType": INSTANCE_TYPE}))
    addresses(ec2)
    scaling = client("autoscaling")
    each("Auto Scaling groups", lambda n: scaling.create_auto_scaling_group(
        AutoScalingGroupName=f"another-team-{n}", MinSize=0, MaxSize=0, VPCZoneIdentifier=subnet, Tags=TAG_LIST,
        LaunchTemplate={"LaunchTemplateName": f"another-team-{n}", "Version": "$Default"}))
    s3 = client("s3")

    def bucket(n):
        name = f"another-team-{n}"
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]})
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAG_LIST})

    each("buckets", bucket)
    secrets = client("secretsmanager")
    each("secrets", lambda n: secrets.create_secret(Name=f"nex/another-team/{n}", SecretString="x", Tags=TAG_LIST))
    logs = client("logs")
    each("log groups", lambda n: logs.create_log_group(logGroupName=f"/nex/another-team/{n}", tags=TAGS))
    snapshots()


def tags(kind):
    return [{"ResourceType": kind, "Tags": TAG_LIST}]


def addresses(ec2):
    """Adds addresses up to the quota of the account."""
    added["Elastic IPs"] = 0
    while True:
        try:
            ec2.allocate_address(TagSpecifications=tags("elastic-ip"))
        except ClientError as error:
            if error.response["Error"]["Code"] != "AddressLimitExceeded":
                raise
            return
        added["Elastic IPs"] += 1


def snapshots():
    role = client("iam").create_role(RoleName="another-team-snapshots", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    details = {
        "ResourceTypes": ["VOLUME"],
        "TargetTags": TAG_LIST,
        "Schedules": [{"CreateRule": {"Interval": 24, "IntervalUnit": "HOURS"}, "RetainRule": {"Count": 7}}],
    }
    dlm = client("dlm")
    each("snapshot policies", lambda n: dlm.create_lifecycle_policy(
        ExecutionRoleArn=role, Description=f"another-team-{n}", State="ENABLED", PolicyDetails=details, Tags=TAGS),
        POLICIES)


def names():
    # By name, all of them come before nex's own.
    iam, logs = client("iam"), client("logs")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})

    def role(n):
        iam.create_role(RoleName=f"another-team-{n}", AssumeRolePolicyDocument=TRUST, Tags=TAG_LIST)
        iam.put_role_policy(RoleName=f"another-team-{n}", PolicyName="inline", PolicyDocument=document)

    each("roles", role)
    each("log groups in each of nex's two folders", lambda n: [
        logs.create_log_group(logGroupName=f"/nex/{folder}/another-team-{n}", tags=TAGS)
        for folder in ("gitlab", "gitlab-runner")
    ])


def records(count, name, comment=None):
    control("PATCH", "cloudflare/config", {"record_quota": 1_000_000})
    zone = cloudflare("GET", "zones")["result"][0]["id"]
    posts = [
        {"type": "A", "name": f"{name}-{n}", "content": "198.51.100.9", **({"comment": comment} if comment else {})}
        for n in range(int(count))
    ]
    for start in range(0, len(posts), BATCH):
        cloudflare("POST", f"zones/{zone}/dns_records/batch", {"posts": posts[start : start + BATCH]})
    added["records"] = len(posts)


def control(method, path, body):
    return http(method, f"{os.environ['AWS_ENDPOINT_URL']}/_sandbox/{path}", {}, body)


def cloudflare(method, path, body=None):
    token = {"Authorization": f"Bearer {os.environ['CLOUDFLARE_API_TOKEN']}", "Content-Type": "application/json"}
    return http(method, os.environ["CLOUDFLARE_BASE_URL"] + path, token, body)


def http(method, url, headers, body):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    # The proxy of the environment cannot reach this machine's loopback.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


{"account": account, "names": names, "records": records}[sys.argv[1]](*sys.argv[2:])
print(json.dumps(added))

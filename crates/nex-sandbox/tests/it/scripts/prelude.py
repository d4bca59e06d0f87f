"""Clients and helpers for all scripts. The environment points boto3 at the sandbox; the first argument is its URL."""
import base64
import json
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


def client(name):
    return boto3.client(name, config=CONFIG)


def refused(code, call, **arguments):
    """Checks that a call fails with this code, and returns the error."""
    try:
        answer = call(**arguments)
    except ClientError as fault:
        assert fault.response["Error"]["Code"] == code, f"expected {code}: {fault}"
        return fault.response
    raise AssertionError(f"expected {code}, got {answer}")


def control(method, path, body=None):
    """Makes a call of the control API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{sys.argv[1]}/_sandbox/{path}", data, method=method)
    # The proxy of the environment cannot reach this machine's loopback.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def lag(seconds):
    control("PUT", "lag", {"ms": int(seconds * 1000)})


class Clock:
    """Measures from its start, and waits until a moment after it."""

    def __init__(self):
        self.start = time.monotonic()

    def wait(self, seconds):
        time.sleep(max(0, self.start + seconds - time.monotonic()))


def tagged(**tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def specs(*kinds, **tags):
    return [{"ResourceType": kind, "Tags": tagged(**tags, kind=kind)} for kind in kinds]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def named(kind, name):
    return [{"Name": f"tag:{kind}", "Values": [name]}]


def until(what, poll):
    """Calls `poll` until it returns a true value, and returns the value."""
    for _ in range(100):
        found = poll()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"timed out: {what}")


def subnet(name):
    found = client("ec2").describe_subnets(Filters=named("Name", f"nex-staging-{name}"))["Subnets"]
    assert len(found) == 1, found
    return found[0]


def image(parameter):
    return client("ssm").get_parameters(Names=[parameter])["Parameters"][0]["Value"]


AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
UBUNTU = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def server(**changes):
    """The parameters of a small server."""
    return {
        "ImageId": image(UBUNTU), "MinCount": 1, "MaxCount": 1, "InstanceType": "t3a.micro",
        "SubnetId": subnet("public-a")["SubnetId"], **changes,
    }


def profile(name):
    """An instance profile with a role of the same name."""
    iam = client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=tagged(a="b"))["Role"]
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return role["Arn"]

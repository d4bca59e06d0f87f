import json, os, urllib.request

import boto3

ec2 = boto3.client("ec2")


def call(path, method="GET", body=None):
    """A plain call of Cloudflare's API."""
    request = urllib.request.Request(os.environ["CLOUDFLARE_BASE_URL"].rstrip("/") + "/" + path, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["CLOUDFLARE_API_TOKEN"])
    request.add_header("Content-Type", "application/json")
    data = json.dumps(body).encode() if body is not None else None
    return json.load(urllib.request.urlopen(request, data))["result"]


def cloudflare(path, *rest):
    """The same, with `{zone}` for the zone's id."""
    return call(path.replace("{zone}", call("zones")[0]["id"]), *rest)


def address():
    """The server's Elastic IP address."""
    ours = [{"Name": "tag:Name", "Values": ["nex-staging-gitlab"]}]
    return ec2.describe_addresses(Filters=ours)["Addresses"][0]["PublicIp"]

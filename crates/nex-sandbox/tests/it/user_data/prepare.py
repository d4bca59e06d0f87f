"""Makes two buckets, a host's role and an administrator, and then lets moto check signatures and permissions.

Prints two lines: the administrator's keys, and the keys of the role as the metadata service gives them.
"""
KEY = "status/arn:aws:ec2:eu-west-3:009001720821:instance/i-0123456789abcdef0.json"
s3, iam = client("s3"), client("iam")
for name in ("host-artifacts", "host-status"):
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})


def allow(action, resource):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


role = profile("host")
iam.put_role_policy(
    RoleName="host", PolicyName="status", PolicyDocument=allow("s3:PutObject", f"arn:aws:s3:::host-status/{KEY}")
)
iam.create_user(UserName="operator")
iam.put_user_policy(UserName="operator", PolicyName="all", PolicyDocument=allow("*", "*"))
operator = iam.create_access_key(UserName="operator")["AccessKey"]
print(operator["AccessKeyId"], operator["SecretAccessKey"])
keys = client("sts").assume_role(RoleArn=role, RoleSessionName="host")["Credentials"]
print(json.dumps({
    "AccessKeyId": keys["AccessKeyId"], "SecretAccessKey": keys["SecretAccessKey"], "Token": keys["SessionToken"],
}))
# No further call passes unchecked.
request = urllib.request.Request(f"{sys.argv[1]}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

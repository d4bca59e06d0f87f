iam, secrets, logs = client("iam"), client("secretsmanager"), client("logs")

# One call returns all parts of a role.
profile("server")
refused("EntityAlreadyExists", iam.create_role, RoleName="server", AssumeRolePolicyDocument=TRUST)
document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}]}
iam.put_role_policy(RoleName="server", PolicyName="inline", PolicyDocument=json.dumps(document))
SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
iam.attach_role_policy(RoleName="server", PolicyArn=SSM)
refused("NoSuchEntity", iam.attach_role_policy, RoleName="server", PolicyArn="arn:aws:iam::aws:policy/Nothing")
details = iam.get_account_authorization_details(Filter=["Role"])
role = next(one for one in details["RoleDetailList"] if one["RoleName"] == "server")
assert role["RolePolicyList"] == [{"PolicyName": "inline", "PolicyDocument": document}], role
assert [one["PolicyArn"] for one in role["AttachedManagedPolicies"]] == [SSM]
assert role["Tags"] == tagged(a="b")
assert [one["InstanceProfileName"] for one in role["InstanceProfileList"]] == ["server"]
assert not details["UserDetailList"] and not details["Policies"]
iam.create_role(RoleName="another", AssumeRolePolicyDocument=TRUST)
first = iam.get_account_authorization_details(Filter=["Role"], MaxItems=1)
assert first["IsTruncated"] and [one["RoleName"] for one in first["RoleDetailList"]] == ["another"], first
rest = iam.get_account_authorization_details(Filter=["Role"], MaxItems=9, Marker=first["Marker"])
assert not rest["IsTruncated"] and rest["RoleDetailList"][0]["RoleName"] == "server", rest
refused("DeleteConflict", iam.delete_role, RoleName="server")
refused("NoSuchEntity", iam.get_role, RoleName="nothing")

# Secrets.
TOKENS = [digit * 32 for digit in "012"]
first = secrets.create_secret(Name="nex/a", SecretString="v", ClientRequestToken=TOKENS[0], Tags=tagged(a="b"))
again = secrets.create_secret(Name="nex/a", SecretString="v", ClientRequestToken=TOKENS[0], Tags=tagged(a="b"))
assert first["ARN"] == again["ARN"]
refused("ResourceExistsException", secrets.create_secret, Name="nex/a", SecretString="w", ClientRequestToken=TOKENS[1])
secrets.create_secret(Name="other/b", SecretString="v")
secrets.create_secret(Name="nex/empty")


def with_prefix():
    found = secrets.list_secrets(Filters=[{"Key": "name", "Values": ["nex/"]}])
    return sorted(one["Name"] for one in found["SecretList"])


assert with_prefix() == ["nex/a", "nex/empty"]
refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="nex/empty")
refused("ResourceNotFoundException", secrets.describe_secret, SecretId="nothing")
for _ in range(2):
    secrets.put_secret_value(SecretId="nex/a", SecretString="q", ClientRequestToken=TOKENS[2])
refused("ResourceExistsException", secrets.put_secret_value, SecretId="nex/a", SecretString="other", ClientRequestToken=TOKENS[2])
secrets.delete_secret(SecretId="nex/a", RecoveryWindowInDays=7)
refused("InvalidRequestException", secrets.create_secret, Name="nex/a", SecretString="v")
assert with_prefix() == ["nex/empty"]

# Logs.
logs.create_log_group(logGroupName="/nex/x", tags={"a": "b"})
refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/nex/x")
logs.put_retention_policy(logGroupName="/nex/x", retentionInDays=14)
refused("InvalidParameterException", logs.put_retention_policy, logGroupName="/nex/x", retentionInDays=2)
group = logs.describe_log_groups(logGroupNamePrefix="/nex/")["logGroups"][0]
assert group["retentionInDays"] == 14
assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"a": "b"}

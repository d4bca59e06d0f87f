# A rule refuses a call with a chosen error, in the form of each protocol.
CALLS = (
    ("ec2", client("ec2").describe_vpcs, {}),
    ("autoscaling", client("autoscaling").describe_auto_scaling_groups, {}),
    ("iam", client("iam").list_roles, {}),
    ("rds", client("rds").describe_db_instances, {}),
    ("sts", client("sts").get_caller_identity, {}),
    ("s3", client("s3").get_bucket_tagging, {"Bucket": "nex-staging-backups"}),
    ("secretsmanager", client("secretsmanager").list_secrets, {}),
    ("logs", client("logs").describe_log_groups, {}),
    ("ssm", client("ssm").get_parameters, {"Names": ["x"]}),
    ("tagging", client("resourcegroupstaggingapi").get_resources, {}),
    ("servicequotas", client("service-quotas").list_aws_default_service_quotas, {"ServiceCode": "ec2"}),
    ("dlm", client("dlm").get_lifecycle_policies, {}),
)
MESSAGE = 'Value (<x> & "y") is invalid'


def rule(service, status, code):
    fault = {"kind": "refuse", "status": status, "code": code, "message": MESSAGE}
    control("POST", "rules", {"service": service, "times": 1, "fault": fault})


for service, call, arguments in CALLS:
    rule(service, 409, "Some.Code")
    answer = refused("Some.Code", call, **arguments)
    assert answer["Error"]["Message"] == MESSAGE, (service, answer)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 409, (service, answer)
    call(**arguments)
    assert control("GET", "calls")[-2]["fault"] == "refuse"

# The answer to HEAD has no body: boto3 takes the status as the code.
rule("s3", 403, "AccessDenied")
answer = refused("403", client("s3").head_bucket, Bucket="nex-staging-backups")
assert answer["Error"]["Message"] == "Forbidden", answer
assert "x-amzn-errortype" not in answer["ResponseMetadata"]["HTTPHeaders"], answer

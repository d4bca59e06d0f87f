"""IAM, quotas, secrets and logs: adds managed policies, pages of roles and vCPU quotas, and AWS's checks of names and
retention."""

from moto.core.responses import ActionResult
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.iam.responses import IamResponse
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend

import fix_instances

# moto's own list has 1300 policies and takes seconds to load.
MANAGED = {
    "AmazonSSMManagedInstanceCore": (
        "/",
        [
            "ssm:DescribeAssociation", "ssm:GetDeployablePatchSnapshotForInstance", "ssm:GetDocument",
            "ssm:DescribeDocument", "ssm:GetManifest", "ssm:GetParameter", "ssm:GetParameters",
            "ssm:ListAssociations", "ssm:ListInstanceAssociations", "ssm:PutInventory", "ssm:PutComplianceItems",
            "ssm:PutConfigurePackageResult", "ssm:UpdateAssociationStatus", "ssm:UpdateInstanceAssociationStatus",
            "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel", "ec2messages:AcknowledgeMessage",
            "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint",
            "ec2messages:GetMessages", "ec2messages:SendReply",
        ],
    ),
    "AWSDataLifecycleManagerServiceRole": (
        "/service-role/",
        [
            "ec2:CreateSnapshot", "ec2:CreateSnapshots", "ec2:DeleteSnapshot", "ec2:DescribeInstances",
            "ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ec2:EnableFastSnapshotRestores",
            "ec2:DescribeFastSnapshotRestores", "ec2:DisableFastSnapshotRestores", "ec2:CopySnapshot",
            "ec2:ModifySnapshotAttribute", "ec2:DescribeSnapshotAttribute", "ec2:DescribeSnapshotTierStatus",
            "ec2:ModifySnapshotTier", "ec2:CreateTags",
        ],
    ),
    "CloudWatchAgentServerPolicy": (
        "/",
        [
            "cloudwatch:PutMetricData", "ec2:DescribeVolumes", "ec2:DescribeTags", "logs:PutLogEvents",
            "logs:PutRetentionPolicy", "logs:DescribeLogStreams", "logs:DescribeLogGroups", "logs:CreateLogStream",
            "logs:CreateLogGroup",
        ],
    ),
}

# The retention times that CloudWatch Logs allows, in days.
RETENTION = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)

QUOTAS = {
    "L-1216C47A": (
        "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        fix_instances.ON_DEMAND_VCPUS,
    ),
    "L-34B43A08": (
        "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
        fix_instances.SPOT_VCPUS,
    ),
}


def fix():
    IAMBackend._init_aws_policies = _managed_policies
    _fix_details()
    _fix_quotas()
    _fix_secrets()
    _fix_retention()


def _managed_policies(self):
    return [
        AWSManagedPolicy.from_data(
            name,
            self.account_id,
            self.region_name,
            {
                "Path": path,
                "DefaultVersionId": "v1",
                "CreateDate": "2019-03-15T17:22:12+00:00",
                "UpdateDate": "2019-05-23T16:54:21+00:00",
                "Document": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
                },
            },
        )
        for name, (path, actions) in MANAGED.items()
    ]


def _fix_details():
    """moto returns the roles of an account in one page, however many there are."""
    get = IamResponse.get_account_authorization_details

    def get_account_authorization_details(self):
        answer = get(self).result
        roles = sorted(answer["RoleDetailList"], key=lambda role: role.name)
        start = int(self._get_param("Marker") or 0)
        end = start + self._get_int_param("MaxItems", 100)
        answer["RoleDetailList"] = roles[start:end]
        if end < len(roles):
            answer.update(IsTruncated=True, Marker=str(end))
        return ActionResult(answer)

    IamResponse.get_account_authorization_details = get_account_authorization_details


def _fix_quotas():
    get, listed = ServiceQuotasBackend.get_service_quota, ServiceQuotasBackend.list_aws_default_service_quotas

    def quota(code):
        if code not in QUOTAS:
            raise NoSuchResource
        name, value = QUOTAS[code]
        return {
            "ServiceCode": "ec2",
            "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
            "QuotaArn": f"arn:aws:servicequotas:eu-west-3:009001720821:ec2/{code}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }

    def get_service_quota(self, service_code, quota_code):
        return quota(quota_code) if service_code == "ec2" else get(self, service_code, quota_code)

    def list_aws_default_service_quotas(self, service_code):
        return [quota(code) for code in QUOTAS] if service_code == "ec2" else listed(self, service_code)

    ServiceQuotasBackend.get_service_quota = get_service_quota
    ServiceQuotasBackend.list_aws_default_service_quotas = list_aws_default_service_quotas


def _fix_secrets():
    create = SecretsManagerBackend.create_secret

    def create_secret(self, name, *args, **kwargs):
        if name in self.secrets.keys() and self.secrets[name].is_deleted():
            raise InvalidRequestException(
                "You can't create this secret because a secret with this name is already scheduled for deletion."
            )
        return create(self, name, *args, **kwargs)

    SecretsManagerBackend.create_secret = create_secret


def _fix_retention():
    put = LogsBackend.put_retention_policy

    def put_retention_policy(self, log_group_name, retention_in_days):
        if int(retention_in_days) not in RETENTION:
            raise InvalidParameterException(f"retentionInDays: {retention_in_days} is not one of {RETENTION}")
        return put(self, log_group_name, retention_in_days)

    LogsBackend.put_retention_policy = put_retention_policy

"""Instances: client tokens, quotas, termination protection, tags, volumes, images and CPU credits."""

from moto.core.responses import ActionResult, EmptyResult
from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError, InvalidInstanceIdError, OperationNotPermitted4
from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import convert_tag_spec

import lag
import profiles
import tokens

ON_DEMAND_VCPUS = 16
SPOT_VCPUS = 16
USER_DATA_BYTES = 16 * 1024
# The instance families that count for the "standard" vCPU quotas.
STANDARD = "acdhimrtz"
# Attributes that only a stopped instance can change.
NEEDS_STOP = ("InstanceType", "UserData", "EbsOptimized", "Kernel")
SHUTDOWN = "InstanceInitiatedShutdownBehavior"


def fix():
    _fix_run()
    _fix_backend()
    _fix_attributes()
    _fix_credits()
    _fix_root_volume()
    _fix_images()


def _fix_run():
    run = InstanceResponse.run_instances

    def alive(result):
        if any(instance.state == "terminated" for instance in result.result.instances):
            raise EC2ClientError(
                "IdempotentInstanceTerminated",
                "The request uses the same client token as a previous request for which the instance has been terminated.",
            )
        return True

    def launch(self):
        template = self._get_param("LaunchTemplate")
        data = self.ec2_backend._get_template_from_args(template).data if template else {}
        profiles.check(self, self._get_param("IamInstanceProfile") or data.get("IamInstanceProfile"))
        kind = self._get_param("InstanceType") or data.get("InstanceType") or "m1.small"
        check_credits(kind, {**data, **self.params})
        result = run(self)
        for instance in result.result.instances:
            finish(self.ec2_backend, instance, {**data, **self.params})
        return result

    def run_instances(self):
        return tokens.once(self, lambda: launch(self), alive)

    InstanceResponse.run_instances = run_instances


def finish(backend, instance, data):
    """Sets what `data`, from RunInstances or a template, contains and moto ignores."""
    instance.disable_api_termination = data.get("DisableApiTermination") or False
    instance.cpu_credits = (data.get("CreditSpecification") or {}).get("CpuCredits") or default_credits(
        instance.instance_type
    )
    tags = convert_tag_spec(data.get("TagSpecifications") or []).get("network-interface", {})
    requested = {int(nic.get("DeviceIndex", 0)): nic for nic in data.get("NetworkInterfaces") or []}
    for index, nic in instance.nics.items():
        nic.add_tags(tags)
        if index == 0 and not instance.security_groups:
            # In EC2, the groups of the first interface are the groups of the instance.
            instance.security_groups = list(nic._group_set)
        nic.delete_on_termination = requested.get(index, {}).get("DeleteOnTermination", True) is not False
    _finish_volumes(backend, instance, data)


def _finish_volumes(backend, instance, data):
    mappings = {device["DeviceName"]: device.get("Ebs") or {} for device in data.get("BlockDeviceMappings") or []}
    root = instance.root_device_name
    if root not in instance.block_device_mapping:
        instance.setup_defaults()
    tags = convert_tag_spec(data.get("TagSpecifications") or []).get("volume", {})
    for name, block in instance.block_device_mapping.items():
        ebs, volume = mappings.get(name, {}), backend.get_volume(block.volume_id)
        wanted = ebs.get("DeleteOnTermination")
        block.delete_on_termination = name == root if wanted is None else wanted
        volume.attachment.delete_on_termination = block.delete_on_termination
        volume.iops = ebs.get("Iops") or volume.iops
        volume.throughput = ebs.get("Throughput") or volume.throughput
        volume.add_tags(tags)


def default_credits(instance_type):
    """The default of AWS: T3 and later types are unlimited."""
    if not is_burstable(instance_type):
        return None
    return "standard" if instance_type.startswith("t2.") else "unlimited"


def is_burstable(instance_type):
    return INSTANCE_TYPES.get(instance_type, {}).get("BurstablePerformanceSupported", False)


def check_credits(kind, data):
    if (data.get("CreditSpecification") or {}).get("CpuCredits") and not is_burstable(kind):
        raise EC2ClientError(
            "InstanceCreditSpecification.NotSupported", f"The {kind} instance type does not support T2 Unlimited."
        )


def vcpus(instance_type):
    return INSTANCE_TYPES.get(instance_type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 2)


def vcpus_used(backend, spot):
    """The vCPUs of running instances in the standard families of one purchasing option."""
    return sum(
        vcpus(instance.instance_type)
        for instance in backend.all_instances()
        if instance.state in ("pending", "running")
        and (instance.lifecycle == "spot") == spot
        and instance.instance_type[0] in STANDARD
    )


def _fix_backend():
    run = EC2Backend.run_instances
    terminate = EC2Backend.terminate_instances
    start = EC2Backend.start_instances

    def run_instances(self, image_id, count, user_data, security_group_names, **kwargs):
        spot = bool(kwargs.get("instance_market_options"))
        template = kwargs.get("launch_template")
        kind = kwargs.get("instance_type")
        if kwargs.get("is_instance_type_default") and template:
            kind = self._get_template_from_args(template).data.get("InstanceType", kind)
        check_quota(self, kind or "m1.small", count, spot)
        check_user_data(user_data)
        return run(self, image_id, count, user_data, security_group_names, **kwargs)

    def terminate_instances(self, instance_ids):
        # AWS terminates all instances of a call or none.
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.disable_api_termination:
                raise OperationNotPermitted4(instance.id)
        return terminate(self, instance_ids)

    def start_instances(self, instance_ids):
        for instance in self.get_multi_instances_by_id(instance_ids):
            planned, kind = vars(instance).pop("launch_plan", None), instance.instance_type
            if planned not in (None, kind):
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"Invalid value '{kind}' for instanceType. LaunchPlan instance type does not match attribute value {planned}",
                )
        return start(self, instance_ids)

    EC2Backend.run_instances = run_instances
    EC2Backend.terminate_instances = terminate_instances
    EC2Backend.start_instances = start_instances


def check_quota(backend, kind, count, spot):
    if kind[0] not in STANDARD:
        return
    quota = SPOT_VCPUS if spot else ON_DEMAND_VCPUS
    if vcpus_used(backend, spot) + count * vcpus(kind) <= quota:
        return
    if spot:
        raise EC2ClientError("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
    raise EC2ClientError(
        "VcpuLimitExceeded",
        f"You have requested more vCPU capacity than your current vCPU limit of {quota} allows for the instance "
        "bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request "
        "to request an adjustment to this limit.",
    )


def check_user_data(user_data):
    if isinstance(user_data, Base64EncodedString) and len(user_data.decode()) > USER_DATA_BYTES:
        raise EC2ClientError("InvalidParameterValue", f"User data is limited to {USER_DATA_BYTES} bytes")


def _fix_attributes():
    modify = InstanceResponse.modify_instance_attribute
    metadata = EC2Backend.modify_instance_metadata_options

    def modify_instance_attribute(self):
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        if instance.state != "stopped" and any(self._get_param(f"{name}.Value") is not None for name in NEEDS_STOP):
            raise EC2ClientError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")
        if lag.SECONDS and self._get_param("InstanceType.Value"):
            # The first start after the change still plans with the old type.
            instance.launch_plan = instance.instance_type
        groups = self._get_param("Groups")
        if groups:
            # moto changes the groups of the instance but not those of its interface.
            instance.nics[0]._group_set = [self.ec2_backend.get_security_group_from_id(id_) for id_ in groups]
        behavior, script = (self._get_param(f"{name}.Value") for name in (SHUTDOWN, "UserData"))
        if behavior is not None:
            # moto takes the call for one that removes all groups.
            instance.instance_initiated_shutdown_behavior = behavior
            return EmptyResult()
        if isinstance(script, bytes):
            # moto decodes the script and then expects it in base64.
            instance.user_data = Base64EncodedString.from_raw_bytes(script)
            return EmptyResult()
        return modify(self)

    def modify_instance_metadata_options(self, instance_id, http_tokens=None, hop_limit=None, http_endpoint=None, dry_run=False, http_protocol=None, metadata_tags=None):
        # moto resets the options that the call does not contain.
        old = self.get_instance(instance_id).metadata_options
        return metadata(
            self,
            instance_id,
            http_tokens or old.http_tokens,
            hop_limit or old.http_put_response_hop_limit,
            http_endpoint or old.http_endpoint,
            dry_run,
            http_protocol or old.http_protocol_ipv6,
            metadata_tags or old.instance_metadata_tags,
        )

    InstanceResponse.modify_instance_attribute = modify_instance_attribute
    EC2Backend.modify_instance_metadata_options = modify_instance_metadata_options


def _fix_credits():
    def describe_instance_credit_specifications(self):
        ids = self._get_param("InstanceIds", [])
        instances = (
            self.ec2_backend.get_multi_instances_by_id(ids) if ids else self.ec2_backend.all_running_instances()
        )
        return ActionResult(
            {
                "InstanceCreditSpecifications": [
                    {"InstanceId": instance.id, "CpuCredits": credits_of(instance)}
                    for instance in instances
                    if credits_of(instance)
                ]
            }
        )

    def modify_instance_credit_specification(self):
        changed, failed = [], []
        for wanted in self._get_param("InstanceCreditSpecifications", []):
            try:
                instance = self.ec2_backend.get_instance(wanted["InstanceId"])
                instance.cpu_credits = wanted["CpuCredits"]
                changed.append({"InstanceId": instance.id})
            except InvalidInstanceIdError as fault:
                error = {"Code": "InvalidInstanceID.NotFound", "Message": str(fault)}
                failed.append({"InstanceId": wanted["InstanceId"], "Error": error})
        return ActionResult(
            {
                "SuccessfulInstanceCreditSpecifications": changed,
                "UnsuccessfulInstanceCreditSpecifications": failed,
            }
        )

    InstanceResponse.describe_instance_credit_specifications = describe_instance_credit_specifications
    InstanceResponse.modify_instance_credit_specification = modify_instance_credit_specification


def credits_of(instance):
    return getattr(instance, "cpu_credits", None) or default_credits(instance.instance_type)


def _fix_root_volume():
    def setup_defaults(self):
        volume = self.ec2_backend.create_volume(size=8, zone_name=self._placement.zone, volume_type="gp3")
        self.ec2_backend.attach_volume(volume.id, self.id, self.root_device_name, True)

    Instance.setup_defaults = setup_defaults


def _fix_images():
    describe = EC2Backend.describe_images

    def describe_images(self, ami_ids=None, *args, **kwargs):
        unknown = [id_ for id_ in ami_ids or [] if id_.startswith("ami-") and id_ not in self.amis]
        if unknown:
            # moto raises this only if all of them are unknown.
            raise InvalidAMIIdError(unknown)
        return describe(self, ami_ids, *args, **kwargs)

    EC2Backend.describe_images = describe_images

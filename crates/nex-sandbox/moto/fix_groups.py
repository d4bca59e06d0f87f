"""Auto Scaling groups: launches from the template, lifecycle hooks, complete updates, and AWS's errors."""

import time
from copy import deepcopy

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import (
    ASG_NAME_TAG,
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
    LifecycleHook,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.utils import convert_tag_spec

import activities
import fix_instances
import profiles

# The defaults of AWS for a mixed instances policy.
DISTRIBUTION = {
    "OnDemandAllocationStrategy": "prioritized",
    "OnDemandBaseCapacity": 0,
    "OnDemandPercentageAboveBaseCapacity": 100,
    "SpotAllocationStrategy": "lowest-price",
}
# Fields of UpdateAutoScalingGroup that moto ignores, and the attributes that store them.
IGNORED_FIELDS = {
    "CapacityRebalance": "capacity_rebalance",
    "DefaultCooldown": "default_cooldown",
    "TerminationPolicies": "termination_policies",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "Context": "context",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "AvailabilityZoneDistribution": "availability_zone_distribution",
    "InstanceLifecyclePolicy": "instance_lifecycle_policy",
}


# The errors with which a launch fails after the group was accepted.
NO_LAUNCH = ("VcpuLimitExceeded", "MaxSpotInstanceCountExceeded", "InstanceCreditSpecification.NotSupported")


def fix():
    _fix_launch()
    _fix_instance_state()
    _fix_hooks()
    _fix_policies()
    _fix_create_update()
    _fix_unknown_groups()


def group_of(backend, name):
    """Returns the group, or raises AWS's error if it does not exist."""
    if name not in backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return backend.autoscaling_groups[name]


def version_of(group):
    return group.ec2_launch_template.get_version(group.launch_template_version)


def launch(group):
    """Starts one instance from the group's template and mixed policy. Returns None if it cannot start."""
    version = version_of(group)
    data = deepcopy(version.data)
    policy = group.mixed_instances_policy or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or []
    kind = (overrides[0].get("InstanceType") if overrides else None) or version.instance_type or "m1.small"
    nics = data.get("NetworkInterfaces") or []
    tags = convert_tag_spec(data.get("TagSpecifications") or [])
    own = {**tags.get("instance", {}), **group.get_propagated_tags(), ASG_NAME_TAG: group.name}
    try:
        fix_instances.check_credits(kind, data)
        reservation = group.ec2_backend.run_instances(
            version.image_id,
            1,
            version.user_data,
            [],
            instance_type=kind,
            is_instance_type_default=False,
            tags={**tags, "instance": own},
            key_name=data.get("KeyName"),
            launch_template={"LaunchTemplateId": version.template.id, "Version": str(version.number)},
            security_group_ids=data.get("SecurityGroupIds") or (nics[0].get("Groups") if nics else None) or [],
            subnet_id=_emptiest_subnet(group),
            region_name=group.region,
            associate_public_ip=nics[0].get("AssociatePublicIpAddress") if nics else None,
            block_device_mappings=data.get("BlockDeviceMappings") or [],
            metadata_options=data.get("MetadataOptions") or {},
            monitoring_state="enabled" if (data.get("Monitoring") or {}).get("Enabled") else "disabled",
            instance_market_options="spot" if _next_is_spot(group) else {},
        )
    except EC2ClientError as fault:
        if fault.code in NO_LAUNCH:
            # In AWS, this is not an error of the group: it records a failed activity and tries again.
            activities.failed(group, str(fault.message))
            return None
        raise
    instance = reservation.instances[0]
    fix_instances.finish(group.ec2_backend, instance, data)
    _set_profile(group, instance, data.get("IamInstanceProfile"))
    instance.autoscaling_group = group
    instance.template_version = str(version.number)
    state = InstanceState(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in)
    activities.launched(group, instance)
    state.launched = time.monotonic()
    group.instance_states.append(state)
    return state


def _set_profile(group, instance, profile):
    if profile:
        group.ec2_backend.associate_iam_instance_profile(
            instance_id=instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )


def _emptiest_subnet(group):
    subnets = [id_ for id_ in (group.vpc_zone_identifier or "").split(",") if id_]
    held = [state.instance.subnet_id for state in group.instance_states]
    return min(subnets, key=held.count) if subnets else None


def _next_is_spot(group):
    """Whether the on-demand share of the mixed policy is used up, so that the next instance is a spot instance."""
    if not group.mixed_instances_policy:
        return False
    share = {**DISTRIBUTION, **group.mixed_instances_policy.get("InstancesDistribution", {})}
    base, percent = int(share["OnDemandBaseCapacity"]), int(share["OnDemandPercentageAboveBaseCapacity"])
    total = len(group.instance_states) + 1
    wanted = base + -(-max(total - base, 0) * percent // 100)
    on_demand = sum(state.instance.lifecycle != "spot" for state in group.instance_states)
    return on_demand >= min(wanted, total)


def _fix_launch():
    def replace_autoscaling_group_instances(self, count_needed, _propagated_tags):
        for _ in range(count_needed):
            if launch(self) is None:
                return

    FakeAutoScalingGroup.replace_autoscaling_group_instances = replace_autoscaling_group_instances


def _fix_instance_state():
    def launch_template(self):
        template = self.auto_scaling_group.ec2_launch_template
        if template is None:
            return None
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": getattr(self.instance, "template_version", str(template.default_version_number)),
        }

    InstanceState.launch_template = property(launch_template)


def _fix_hooks():
    put = AutoScalingResponse.put_lifecycle_hook
    fields = {
        "NotificationTargetARN": "notification_target_arn",
        "RoleARN": "role_arn",
        "NotificationMetadata": "notification_metadata",
    }

    def put_lifecycle_hook(self):
        name, group = self._get_param("LifecycleHookName"), self._get_param("AutoScalingGroupName")
        backend = self.autoscaling_backend
        group_of(backend, group)
        old = backend.lifecycle_hooks.get(f"{group}_{name}")
        timeout = self._get_int_param("HeartbeatTimeout")
        if timeout is not None and not 30 <= timeout <= 7200:
            raise ValidationError("The specified HeartbeatTimeout must be between 30 and 7200 seconds.")
        result = put(self)
        hook = backend.lifecycle_hooks[f"{group}_{name}"]
        for param, attribute in fields.items():
            given = self._get_param(param)
            # An update keeps the fields that it does not contain; an empty value removes a field.
            setattr(hook, attribute, (getattr(old, attribute, None) if given is None else given) or None)
        if old:
            hook.lifecycle_transition = hook.lifecycle_transition or old.lifecycle_transition
            hook.heartbeat_timeout = timeout or old.heartbeat_timeout
            hook.default_result = self._get_param("DefaultResult") or old.default_result
        elif not hook.lifecycle_transition:
            del backend.lifecycle_hooks[f"{group}_{name}"]
            raise ValidationError("A lifecycle transition is required to create a lifecycle hook.")
        hook.global_timeout = min(172800, 100 * hook.heartbeat_timeout)
        return result

    def delete_lifecycle_hook(self, as_name, name):
        group_of(self, as_name)
        if self.lifecycle_hooks.pop(f"{as_name}_{name}", None) is None:
            raise ValidationError("No lifecycle hook found with the given name.")

    AutoScalingResponse.put_lifecycle_hook = put_lifecycle_hook
    AutoScalingBackend.delete_lifecycle_hook = delete_lifecycle_hook


def _fix_policies():
    put = AutoScalingBackend.put_scaling_policy
    respond = AutoScalingResponse.put_scaling_policy

    def put_scaling_policy(self, *args, **kwargs):
        name, group = kwargs["name"], kwargs["as_name"]
        group_of(self, group)
        # Two groups may have a policy of one name, which moto would keep once.
        old = self.policies.get((group, name))
        policy = put(self, *args, **kwargs)
        self.policies[group, name] = self.policies.pop(name)
        policy.enabled = True
        if old and hasattr(old, "_arn"):
            policy._arn = old._arn
        return policy

    def answer(self):
        # moto misspells this field of the answer, so no client can read it.
        return ActionResult({"PolicyARN": respond(self).result["PolicyArn"], "Alarms": []})

    def delete_policy(self):
        name, group = self._get_param("PolicyName"), self._get_param("AutoScalingGroupName")
        if ":policyName/" in name:
            group, _, name = name.rpartition("autoScalingGroupName/")[2].partition(":policyName/")
        if self.autoscaling_backend.policies.pop((group, name), None) is None:
            raise ValidationError(f"No scaling policy found with name {name}")
        return EmptyResult()

    AutoScalingBackend.put_scaling_policy = put_scaling_policy
    AutoScalingResponse.delete_policy = delete_policy
    AutoScalingResponse.put_scaling_policy = answer


def _fix_create_update():
    create, update = AutoScalingResponse.create_auto_scaling_group, AutoScalingResponse.update_auto_scaling_group
    change, set_launch = FakeAutoScalingGroup.update, FakeAutoScalingGroup._set_launch_configuration

    def create_auto_scaling_group(self):
        name = self._get_param("AutoScalingGroupName")
        if name in self.autoscaling_backend.autoscaling_groups:
            raise AutoscalingClientError(
                "AlreadyExists", f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            )
        _check_sizes(self, None)
        profiles.check_template(self, self.autoscaling_backend.ec2_backend)
        result = create(self)
        _store_ignored_fields(self, self.autoscaling_backend.autoscaling_groups[name])
        for hook in self._get_param("LifecycleHookSpecificationList", []):
            _hook_from_list(self.autoscaling_backend, name, hook)
        return result

    def update_auto_scaling_group(self):
        group = group_of(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
        _check_sizes(self, group)
        profiles.check_template(self, self.autoscaling_backend.ec2_backend)
        result = update(self)
        _store_ignored_fields(self, group)
        return result

    def keep_policy(self, *args, mixed_instances_policy=None, **kwargs):
        old = self.mixed_instances_policy
        change(self, *args, mixed_instances_policy=mixed_instances_policy, **kwargs)
        if not mixed_instances_policy and not kwargs.get("launch_template"):
            self.mixed_instances_policy = old

    def fill_policy(self, launch_config_name, launch_template, mixed_instances_policy):
        if mixed_instances_policy:
            given = mixed_instances_policy.get("InstancesDistribution") or {}
            mixed_instances_policy["InstancesDistribution"] = {**DISTRIBUTION, **given}
        set_launch(self, launch_config_name, launch_template, mixed_instances_policy)

    AutoScalingResponse.create_auto_scaling_group = create_auto_scaling_group
    AutoScalingResponse.update_auto_scaling_group = update_auto_scaling_group
    FakeAutoScalingGroup.update = keep_policy
    FakeAutoScalingGroup._set_launch_configuration = fill_policy


def _check_sizes(response, group):
    least = response._get_int_param("MinSize", group.min_size if group else 0)
    most = response._get_int_param("MaxSize", group.max_size if group else 0)
    desired = response._get_int_param("DesiredCapacity")
    if least > most:
        raise ValidationError("Max bound must be greater than or equal to min bound")
    if desired is not None and not least <= desired <= most:
        raise ValidationError(f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}")


def _store_ignored_fields(response, group):
    for param, attribute in IGNORED_FIELDS.items():
        given = response._get_param(param)
        if given is not None:
            setattr(group, attribute, given)


def _hook_from_list(backend, group, spec):
    hook = LifecycleHook(
        spec["LifecycleHookName"],
        group,
        spec["LifecycleTransition"],
        spec.get("HeartbeatTimeout"),
        spec.get("DefaultResult"),
    )
    hook.role_arn, hook.notification_target_arn = spec.get("RoleARN"), spec.get("NotificationTargetARN")
    backend.lifecycle_hooks[f"{group}_{hook.name}"] = hook


def _fix_unknown_groups():
    """moto does not check whether the group exists, or fails with an error that AWS does not have."""

    def checked(operation, name_of):
        call = getattr(AutoScalingResponse, operation)

        def check(self):
            for name in name_of(self):
                group_of(self.autoscaling_backend, name)
            return call(self)

        setattr(AutoScalingResponse, operation, check)

    def named(self):
        name = self._get_param("AutoScalingGroupName")
        return [name] if name else []

    def tagged(self):
        return [tag["ResourceId"] for tag in self._get_param("Tags", [])]

    for operation in ("describe_lifecycle_hooks", "describe_policies"):
        checked(operation, named)
    for operation in ("create_or_update_tags", "delete_tags"):
        checked(operation, tagged)
    _fix_desired_capacity()


def _fix_desired_capacity():
    call = AutoScalingResponse.set_desired_capacity

    def set_desired_capacity(self):
        name, wanted = self._get_param("AutoScalingGroupName"), self._get_int_param("DesiredCapacity")
        group = group_of(self.autoscaling_backend, name)
        if wanted > group.max_size:
            raise ValidationError(f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the AutoScalingGroup.")
        if wanted < group.min_size:
            raise ValidationError(f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the AutoScalingGroup.")
        return call(self)

    AutoScalingResponse.set_desired_capacity = set_desired_capacity

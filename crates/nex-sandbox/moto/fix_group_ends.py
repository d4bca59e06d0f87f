"""The end of an Auto Scaling group: what is deleted with it, and with a lag in which order."""

from moto.autoscaling.exceptions import AutoscalingClientError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

import fix_groups
import lag


def fix():
    AutoScalingResponse.delete_auto_scaling_group = delete_auto_scaling_group


def delete_auto_scaling_group(self):
    group = fix_groups.group_of(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    if getattr(group, "status", None):
        return EmptyResult()
    if group.instance_states and not self._get_bool_param("ForceDelete", False):
        raise AutoscalingClientError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
        )
    _refuse_once(group)
    group.status = "Delete in progress"
    states = list(group.instance_states)
    for state in states:
        state.lifecycle_state = "Terminating"
    # The instances outlive their group, and their network interfaces keep the security groups in use.
    lag.later(lambda: _remove(group))
    lag.later(lambda: _terminate(group, states), times=2)
    return EmptyResult()


def _refuse_once(group):
    launching = any(lag.is_young(state.launched) for state in group.instance_states)
    if launching and not getattr(group, "refused_end", False):
        group.refused_end = True
        raise AutoscalingClientError(
            "ScalingActivityInProgress", f"There are scaling activities in progress for the group {group.name}."
        )


def _remove(group):
    backend, name = group.autoscaling_backend, group.name
    group.instance_states = []
    del backend.autoscaling_groups[name]
    for key in [key for key, hook in backend.lifecycle_hooks.items() if hook.auto_scaling_group_name == name]:
        del backend.lifecycle_hooks[key]
    for key in [key for key, policy in backend.policies.items() if policy.auto_scaling_group_name == name]:
        del backend.policies[key]


def _terminate(group, states):
    for state in states:
        state.instance.disable_api_termination = False
        group.ec2_backend.terminate_instances([state.instance.id])

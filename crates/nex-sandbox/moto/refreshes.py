"""Termination hooks, which delay the end of an instance, and instance refreshes."""

import time
import uuid
from datetime import datetime, timezone

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

import fix_groups

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
# The maximum time that a hook keeps an instance here; AWS waits for the whole timeout of the hook.
HOOK_SECONDS = 10.0
# The defaults of AWS for the preferences.
PREFERENCES = {
    "MinHealthyPercentage": 90,
    "SkipMatching": False,
    "AutoRollback": False,
    "ScaleInProtectedInstances": "Wait",
    "StandbyInstances": "Wait",
}
ENDED = ("Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed")
# The refreshes of each group by its name, newest first.
REFRESHES = {}


def fix():
    FakeAutoScalingGroup.set_desired_capacity = set_desired_capacity
    for operation in (
        start_instance_refresh,
        describe_instance_refreshes,
        cancel_instance_refresh,
        record_lifecycle_action_heartbeat,
        complete_lifecycle_action,
        describe_lifecycle_hook_types,
        terminate_instance_in_auto_scaling_group,
    ):
        setattr(AutoScalingResponse, operation.__name__, operation)


def tick(now):
    """Advances the refreshes, and ends the instances whose hooks have expired."""
    for refreshes in REFRESHES.values():
        for refresh in refreshes:
            if refresh["Status"] not in ENDED:
                _advance(refresh)
    for group in {group for refreshes in REFRESHES.values() for group in [refreshes[0]["group"]]} | _known_groups():
        for state in list(group.instance_states):
            if getattr(state, "deadline", None) is not None and now >= state.deadline:
                _end(group, state)


def _known_groups():
    from moto.autoscaling.models import autoscaling_backends

    return {
        group
        for account in autoscaling_backends.values()
        for backend in account.values()
        for group in backend.autoscaling_groups.values()
    }


def retire(group, state):
    """Takes an instance out of service. A termination hook keeps it until the hook is completed or expires."""
    hooks = [
        hook
        for hook in group.autoscaling_backend.lifecycle_hooks.values()
        if hook.auto_scaling_group_name == group.name and hook.lifecycle_transition == TERMINATING
    ]
    if not hooks:
        _end(group, state)
        return
    state.lifecycle_state = "Terminating:Wait"
    state.hook, state.token = hooks[0], str(uuid.uuid4())
    state.deadline = time.monotonic() + min(hooks[0].heartbeat_timeout, HOOK_SECONDS)


def _end(group, state):
    state.instance.disable_api_termination = False
    group.ec2_backend.terminate_instances([state.instance.id])
    group.instance_states = [other for other in group.instance_states if other is not state]


def set_desired_capacity(self, new_capacity):
    """Launches or retires instances until the group has the desired capacity."""
    self.desired_capacity = self.min_size if new_capacity is None else new_capacity
    active = self.active_instances()
    missing = (self.desired_capacity or 0) - len(active)
    if missing > 0:
        self.replace_autoscaling_group_instances(missing, self.get_propagated_tags())
    removable = [state for state in active if not state.protected_from_scale_in]
    for state in removable[: max(-missing, 0)]:
        retire(self, state)


def _advance(refresh):
    """Makes one step of a refresh: launches a new instance, retires an old one, or ends the refresh."""
    group = refresh["group"]
    if group.name not in group.autoscaling_backend.autoscaling_groups:
        refresh.update(Status="Failed", StatusReason="the group was deleted", EndTime=_now())
        return
    old = [state for state in group.instance_states if state.instance.id in refresh["old"]]
    serving = [state for state in old if state.lifecycle_state == "InService"]
    if refresh["Status"] == "Cancelling":
        refresh.update(Status="Cancelled", EndTime=_now())
    elif refresh["Status"] == "Pending":
        refresh["Status"] = "InProgress"
    elif serving:
        # Above 100 %, AWS launches before it terminates; otherwise it terminates first.
        if refresh["Preferences"].get("MaxHealthyPercentage", 100) > 100:
            if fix_groups.launch(group) is not None:
                retire(group, serving[0])
        else:
            retire(group, serving[0])
    elif len(group.active_instances()) < (group.desired_capacity or 0):
        fix_groups.launch(group)
    elif not old:
        refresh.update(Status="Successful", EndTime=_now())
    total = max(len(refresh["old"]), 1)
    refresh["InstancesToUpdate"] = len(old)
    refresh["PercentageComplete"] = 100 if refresh["Status"] == "Successful" else 100 * (total - len(old)) // total


def _now():
    return datetime.now(timezone.utc)


def start_instance_refresh(self):
    group = fix_groups.group_of(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    refreshes = REFRESHES.setdefault(group.name, [])
    if any(refresh["Status"] not in ENDED for refresh in refreshes):
        raise AutoscalingClientError(
            "InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
        )
    preferences = {**PREFERENCES, **(self._get_param("Preferences") or {})}
    if preferences["MinHealthyPercentage"] > preferences.get("MaxHealthyPercentage", 200):
        raise ValidationError("MinHealthyPercentage must be less than or equal to MaxHealthyPercentage")
    desired = self._get_param("DesiredConfiguration") or {}
    if desired.get("MixedInstancesPolicy"):
        group.mixed_instances_policy = desired["MixedInstancesPolicy"]
    if desired:
        group._set_launch_configuration(None, desired.get("LaunchTemplate"), desired.get("MixedInstancesPolicy"))
    number = str(fix_groups.version_of(group).number)
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Pending",
        "StartTime": _now(),
        "PercentageComplete": 0,
        "Preferences": preferences,
        "group": group,
        "old": [
            state.instance.id
            for state in group.active_instances()
            if not (preferences["SkipMatching"] and state.launch_template["Version"] == number)
        ],
    }
    if desired:
        refresh["DesiredConfiguration"] = desired
    refresh["InstancesToUpdate"] = len(refresh["old"])
    refreshes.insert(0, refresh)
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def describe_instance_refreshes(self):
    group = fix_groups.group_of(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    ids = self._get_param("InstanceRefreshIds", [])
    found = [
        {key: value for key, value in refresh.items() if key not in ("group", "old")}
        for refresh in REFRESHES.get(group.name, [])
        if refresh["group"] is group and (not ids or refresh["InstanceRefreshId"] in ids)
    ]
    return ActionResult({"InstanceRefreshes": found[: self._get_int_param("MaxRecords", 50)]})


def cancel_instance_refresh(self):
    group = fix_groups.group_of(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    for refresh in REFRESHES.get(group.name, []):
        if refresh["Status"] not in ENDED:
            refresh["Status"] = "Cancelling"
            return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})
    raise AutoscalingClientError(
        "ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found for Auto Scaling group."
    )


def _waiting(self):
    """The group and the waiting instance of a lifecycle call, which contains a token or an instance id."""
    group = fix_groups.group_of(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    token, id_ = self._get_param("LifecycleActionToken"), self._get_param("InstanceId")
    name = self._get_param("LifecycleHookName")
    for state in group.instance_states:
        hook = getattr(state, "hook", None)
        if hook and hook.name == name and (state.instance.id == id_ or (token and state.token == token)):
            return group, state
    raise ValidationError(f"No active Lifecycle Action found with instance ID {id_}" if id_ else f"No active Lifecycle Action found with token {token}")


def record_lifecycle_action_heartbeat(self):
    _, state = _waiting(self)
    state.deadline = time.monotonic() + min(state.hook.heartbeat_timeout, HOOK_SECONDS)
    return EmptyResult()


def complete_lifecycle_action(self):
    if self._get_param("LifecycleActionResult") not in ("CONTINUE", "ABANDON"):
        raise ValidationError("The lifecycle action result must be CONTINUE or ABANDON.")
    _end(*_waiting(self))
    return EmptyResult()


def describe_lifecycle_hook_types(self):
    return ActionResult({"LifecycleHookTypes": ["autoscaling:EC2_INSTANCE_LAUNCHING", TERMINATING]})


def terminate_instance_in_auto_scaling_group(self):
    id_, shrink = self._get_param("InstanceId"), self._get_bool_param("ShouldDecrementDesiredCapacity", False)
    for group in self.autoscaling_backend.autoscaling_groups.values():
        for state in group.instance_states:
            if state.instance.id == id_:
                retire(group, state)
                group.set_desired_capacity(group.desired_capacity - (1 if shrink else 0))
                activity = {
                    "ActivityId": str(uuid.uuid4()),
                    "AutoScalingGroupName": group.name,
                    "Cause": "a user request",
                    "Description": f"Terminating EC2 instance: {id_}",
                    "StartTime": _now(),
                    "StatusCode": "InProgress",
                    "Progress": 0,
                }
                return ActionResult({"Activity": activity})
    raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {id_}")

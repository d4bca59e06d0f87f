"""Scaling activities: what a group launched, and why a launch failed."""

import uuid
from datetime import datetime, timezone

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

import fix_groups

# AWS keeps those of six weeks; moto has none.
KEPT = 100


def fix():
    AutoScalingResponse.describe_scaling_activities = describe_scaling_activities


def launched(group, instance):
    _add(group, f"Launching a new EC2 instance: {instance.id}", StatusCode="Successful", Progress=100)


def failed(group, message):
    message = f"{message} Launching EC2 instance failed."
    description = f"Launching a new EC2 instance. Status Reason: {message}"
    _add(group, description, StatusCode="Failed", StatusMessage=message, Progress=100)


def _add(group, description, **status):
    now = datetime.now(timezone.utc)
    activity = {
        "ActivityId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Description": description,
        "Cause": "an instance was started in response to a difference between desired and actual capacity",
        "StartTime": now,
        "EndTime": now,
        **status,
    }
    group.activities = [activity, *getattr(group, "activities", [])][:KEPT]


def describe_scaling_activities(self):
    name, ids = self._get_param("AutoScalingGroupName"), self._get_param("ActivityIds", [])
    backend = self.autoscaling_backend
    groups = [fix_groups.group_of(backend, name)] if name else backend.autoscaling_groups.values()
    found = [one for group in groups for one in getattr(group, "activities", []) if not ids or one["ActivityId"] in ids]
    return ActionResult({"Activities": found[: self._get_int_param("MaxRecords", KEPT)]})

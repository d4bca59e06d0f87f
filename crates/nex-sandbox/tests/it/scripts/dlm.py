dlm = client("dlm")
role = profile("snapshots")


def details(days):
    return {
        "ResourceTypes": ["VOLUME"],
        "TargetTags": tagged(snapshot="gitlab"),
        "Schedules": [
            {
                "Name": "daily",
                "CreateRule": {"Interval": 24, "IntervalUnit": "HOURS", "Times": ["03:00"]},
                "RetainRule": {"Interval": days, "IntervalUnit": "DAYS"},
            }
        ],
    }


ask = {"ExecutionRoleArn": role, "Description": "daily", "State": "ENABLED", "PolicyDetails": details(14), "Tags": {"a": "b"}}
id_ = dlm.create_lifecycle_policy(**ask)["PolicyId"]
policy = dlm.get_lifecycle_policy(PolicyId=id_)["Policy"]
assert policy["PolicyDetails"]["Schedules"][0]["RetainRule"] == {"Interval": 14, "IntervalUnit": "DAYS"}
assert policy["PolicyDetails"]["PolicyType"] == "EBS_SNAPSHOT_MANAGEMENT"
summaries = dlm.get_lifecycle_policies
assert [(one["PolicyId"], one["Tags"]) for one in summaries(TargetTags=["snapshot=gitlab"])["Policies"]] == [(id_, {"a": "b"})]
assert summaries(TargetTags=["snapshot=other"])["Policies"] == []
assert summaries(State="DISABLED")["Policies"] == []

dlm.update_lifecycle_policy(PolicyId=id_, PolicyDetails=details(7), State="DISABLED")
changed = dlm.get_lifecycle_policy(PolicyId=id_)["Policy"]
assert changed["State"] == "DISABLED" and changed["Description"] == "daily"
assert changed["PolicyDetails"]["Schedules"][0]["RetainRule"]["Interval"] == 7

arn = policy["PolicyArn"]
dlm.tag_resource(ResourceArn=arn, Tags={"c": "d"})
dlm.untag_resource(ResourceArn=arn, TagKeys=["a"])
assert dlm.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"c": "d"}
assert dlm.get_lifecycle_policy(PolicyId=id_)["Policy"]["Tags"] == {"c": "d"}

refused("InvalidRequestException", dlm.create_lifecycle_policy, **{**ask, "PolicyDetails": {"ResourceTypes": ["VOLUME"]}})
dlm.delete_lifecycle_policy(PolicyId=id_)
refused("ResourceNotFoundException", dlm.get_lifecycle_policy, PolicyId=id_)
refused("ResourceNotFoundException", dlm.delete_lifecycle_policy, PolicyId=id_)

ec2, asg = client("ec2"), client("autoscaling")
profile("runner")
private = [subnet("private-a"), subnet("private-b")]
group_id = ec2.create_security_group(GroupName="runner", Description="runner", VpcId=private[0]["VpcId"])["GroupId"]
NAME = {"AutoScalingGroupName": "runner"}


def data(**changes):
    return {
        "ImageId": image(AL2023),
        "InstanceType": "t3a.large",
        "SecurityGroupIds": [group_id],
        "UserData": b64("one"),
        "IamInstanceProfile": {"Name": "runner"},
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 100, "VolumeType": "gp3", "Encrypted": True}}],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "TagSpecifications": specs("instance", "volume", Name="runner"),
        **changes,
    }


# Launch templates.
ask = {
    "LaunchTemplateName": "runner", "ClientToken": "template", "LaunchTemplateData": data(),
    "TagSpecifications": specs("launch-template", Name="runner"),
}
template = ec2.create_launch_template(**ask)["LaunchTemplate"]["LaunchTemplateId"]
assert ec2.create_launch_template(**ask)["LaunchTemplate"]["LaunchTemplateId"] == template
refused("IdempotentParameterMismatch", ec2.create_launch_template, **{**ask, "VersionDescription": "other"})
refused("InvalidLaunchTemplateName.AlreadyExistsException", ec2.create_launch_template, **{**ask, "ClientToken": "other"})
ask = {"LaunchTemplateId": template, "ClientToken": "two", "LaunchTemplateData": data(UserData=b64("two"))}
assert ec2.create_launch_template_version(**ask)["LaunchTemplateVersion"]["VersionNumber"] == 2
assert ec2.create_launch_template_version(**ask)["LaunchTemplateVersion"]["VersionNumber"] == 2
ec2.create_launch_template_version(LaunchTemplateId=template, SourceVersion="2", LaunchTemplateData={"InstanceType": "t3.large"})
versions = ec2.describe_launch_template_versions(LaunchTemplateName="runner", Versions=["1", "$Latest"])["LaunchTemplateVersions"]
assert [one["VersionNumber"] for one in versions] == [1, 3]
assert versions[0]["LaunchTemplateData"]["UserData"] == b64("one")
assert {spec["ResourceType"] for spec in versions[0]["LaunchTemplateData"]["TagSpecifications"]} == {"instance", "volume"}
assert (versions[1]["LaunchTemplateData"]["UserData"], versions[1]["LaunchTemplateData"]["InstanceType"]) == (b64("two"), "t3.large")
refused("InvalidLaunchTemplateName.NotFoundException", ec2.describe_launch_template_versions, LaunchTemplateName="nothing")
# Later changes of tags and versions.
ec2.create_tags(Resources=[template], Tags=tagged(team="ci"))
ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data(UserData=b64("four")))
deleted = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1", "4"])
assert [one["VersionNumber"] for one in deleted["SuccessfullyDeletedLaunchTemplateVersions"]] == [4], deleted
found = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]
assert found["LatestVersionNumber"] == 3 and {"Key": "team", "Value": "ci"} in found["Tags"], found


def policy(version):
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": version},
            "Overrides": [{"InstanceType": "t3a.large"}, {"InstanceType": "t3.large"}],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 0,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }


def group():
    return asg.describe_auto_scaling_groups(AutoScalingGroupNames=["runner"])["AutoScalingGroups"][0]


def waiting():
    return [one["InstanceId"] for one in group()["Instances"] if one["LifecycleState"] == "Terminating:Wait"]


# A group with a version that is not the first one, and its instance.
ask = {
    **NAME, "MinSize": 1, "MaxSize": 3, "DesiredCapacity": 1, "CapacityRebalance": True, "MixedInstancesPolicy": policy("2"),
    "VPCZoneIdentifier": ",".join(one["SubnetId"] for one in private),
    "Tags": [{"Key": "team", "Value": "ci", "PropagateAtLaunch": True}],
}
asg.create_auto_scaling_group(**ask)
refused("AlreadyExists", asg.create_auto_scaling_group, **ask)
assert "LaunchTemplate" not in group() and group()["CapacityRebalance"] is True
member = group()["Instances"][0]
assert member["LaunchTemplate"]["Version"] == "2"
one = ec2.describe_instances(InstanceIds=[member["InstanceId"]])["Reservations"][0]["Instances"][0]
tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
assert (tags["Name"], tags["team"], tags["aws:autoscaling:groupName"]) == ("runner", "ci", "runner"), tags
assert one["InstanceLifecycle"] == "spot" and one["MetadataOptions"]["HttpTokens"] == "required"
assert one["SecurityGroups"][0]["GroupId"] == group_id and one["IamInstanceProfile"]["Arn"].endswith("/runner")
volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [one["InstanceId"]]}])["Volumes"]
assert [volume["Size"] for volume in volumes] == [100]
assert {"Key": "kind", "Value": "volume"} in volumes[0]["Tags"]
assert [device["Ebs"]["DeleteOnTermination"] for device in one["BlockDeviceMappings"]] == [True]

# An update keeps the fields that it does not contain.
asg.update_auto_scaling_group(**NAME, CapacityRebalance=False)
assert group()["CapacityRebalance"] is False
assert group()["MixedInstancesPolicy"]["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 0
refused("ValidationError", asg.update_auto_scaling_group, AutoScalingGroupName="nothing", MaxSize=2)
refused("ValidationError", asg.update_auto_scaling_group, **NAME, MinSize=4)
scaling = {
    **NAME, "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
    "TargetTrackingConfiguration": {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 60.0,
    },
}
assert asg.put_scaling_policy(**scaling)["PolicyARN"] == asg.put_scaling_policy(**scaling)["PolicyARN"]
assert len(asg.describe_policies(**NAME)["ScalingPolicies"]) == 1
refused("ValidationError", asg.put_scaling_policy, **{**scaling, "AutoScalingGroupName": "nothing"})

for read in (asg.describe_lifecycle_hooks, asg.describe_policies, asg.describe_instance_refreshes):
    refused("ValidationError", read, AutoScalingGroupName="nothing")
refused("ValidationError", asg.set_desired_capacity, **NAME, DesiredCapacity=4)

# A hook is returned unchanged, and keeps a terminating instance.
HOOK = {**NAME, "LifecycleHookName": "termination-wait"}
asg.put_lifecycle_hook(
    **HOOK, LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout=600, DefaultResult="CONTINUE"
)
hook = asg.describe_lifecycle_hooks(**NAME)["LifecycleHooks"][0]
assert "NotificationTargetARN" not in hook and "RoleARN" not in hook, hook
assert (hook["HeartbeatTimeout"], hook["DefaultResult"]) == (600, "CONTINUE")
asg.set_desired_capacity(**NAME, DesiredCapacity=2)
assert len({one["AvailabilityZone"] for one in group()["Instances"]}) == 2
asg.set_desired_capacity(**NAME, DesiredCapacity=1)
kept = waiting()
assert len(kept) == 1
asg.record_lifecycle_action_heartbeat(**HOOK, InstanceId=kept[0])
asg.complete_lifecycle_action(**HOOK, InstanceId=kept[0], LifecycleActionResult="CONTINUE")
assert len(group()["Instances"]) == 1
refused("ValidationError", asg.complete_lifecycle_action, **HOOK, InstanceId=kept[0], LifecycleActionResult="CONTINUE")

# A refresh launches before it terminates.
asg.update_auto_scaling_group(**NAME, MixedInstancesPolicy=policy("3"))
old = group()["Instances"][0]["InstanceId"]
refresh = asg.start_instance_refresh(**NAME, Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200})
refused("InstanceRefreshInProgress", asg.start_instance_refresh, **NAME)
assert until("the old instance waits", waiting) == [old]
assert sum(one["LifecycleState"] == "InService" for one in group()["Instances"]) == 1
asg.complete_lifecycle_action(**HOOK, InstanceId=old, LifecycleActionResult="CONTINUE")


def state():
    found = asg.describe_instance_refreshes(**NAME, InstanceRefreshIds=[refresh["InstanceRefreshId"]])
    return found["InstanceRefreshes"][0]


until("the refresh succeeds", lambda: state()["Status"] == "Successful")
assert state()["PercentageComplete"] == 100
assert [one["LaunchTemplate"]["Version"] for one in group()["Instances"]] == ["3"]
refused("ActiveInstanceRefreshNotFound", asg.cancel_instance_refresh, **NAME)
asg.start_instance_refresh(**NAME, Preferences={"SkipMatching": True})
asg.cancel_instance_refresh(**NAME)

# The group replaces an instance that EC2 has terminated.
old = group()["Instances"][0]["InstanceId"]
ec2.terminate_instances(InstanceIds=[old])
assert [one["InstanceId"] != old for one in group()["Instances"]] == [True]

# Deletion.
refused("ResourceInUse", asg.delete_auto_scaling_group, **NAME)
asg.delete_auto_scaling_group(**NAME, ForceDelete=True)
assert not asg.describe_auto_scaling_groups(AutoScalingGroupNames=["runner"])["AutoScalingGroups"]
assert not asg.describe_policies(PolicyNames=["cpu"])["ScalingPolicies"]

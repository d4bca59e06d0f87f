# A launch that fails does not make the group's call fail: the activities say why.
ec2, asg = client("ec2"), client("autoscaling")
private = subnet("private-a")


def create(name, most, kind, **more):
    data = {"ImageId": image(AL2023), "InstanceType": kind, **more}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    asg.create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=0, MaxSize=most, DesiredCapacity=most, VPCZoneIdentifier=private["SubnetId"],
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
    )
    instances = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]["Instances"]
    return len(instances), asg.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]


# Of 16 vCPUs, the cluster uses 10: the group gets one instance of 4.
count, found = create("quota", 2, "t3a.xlarge")
assert count == 1
assert [one["StatusCode"] for one in found] == ["Failed", "Successful"], found
assert found[0]["StatusMessage"].startswith("You have requested more vCPU capacity than your current vCPU limit of 16"), found
assert found[0]["StatusMessage"].endswith(" Launching EC2 instance failed."), found
assert found[1]["Description"].startswith("Launching a new EC2 instance: i-") and "StatusMessage" not in found[1]
assert found[0]["AutoScalingGroupName"] == "quota" and found[0]["Progress"] == 100
only = asg.describe_scaling_activities(ActivityIds=[found[1]["ActivityId"]])["Activities"]
assert [one["ActivityId"] for one in only] == [found[1]["ActivityId"]]
assert len(asg.describe_scaling_activities(AutoScalingGroupName="quota", MaxRecords=1)["Activities"]) == 1

# Credits for a type that has none.
count, found = create("credits", 1, "m5.large", CreditSpecification={"CpuCredits": "unlimited"})
assert count == 0
assert [(one["StatusCode"], one["StatusMessage"]) for one in found] == [
    ("Failed", "The m5.large instance type does not support T2 Unlimited. Launching EC2 instance failed.")
], found
refused("ValidationError", asg.describe_scaling_activities, AutoScalingGroupName="nothing")
assert len(asg.describe_scaling_activities()["Activities"]) == 3

# With a lag, a group ends later than the call that deletes it, and its instances later still.
ec2, asg = client("ec2"), client("autoscaling")
NAME = {"AutoScalingGroupName": "g"}
private = subnet("private-a")
security = ec2.create_security_group(GroupName="g", Description="g", VpcId=private["VpcId"])["GroupId"]
data = {"ImageId": image(AL2023), "InstanceType": "t3a.micro", "SecurityGroupIds": [security]}
ec2.create_launch_template(LaunchTemplateName="group", LaunchTemplateData=data)


def groups():
    return asg.describe_auto_scaling_groups(AutoScalingGroupNames=["g"])["AutoScalingGroups"]


def create():
    asg.create_auto_scaling_group(
        **NAME, MinSize=1, MaxSize=1, VPCZoneIdentifier=private["SubnetId"],
        LaunchTemplate={"LaunchTemplateName": "group", "Version": "$Latest"},
    )
    return groups()[0]["Instances"][0]["InstanceId"]


def state(id_):
    return ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]["State"]["Name"]


# Without a lag, all of it is one step.
id_ = create()
asg.delete_auto_scaling_group(**NAME, ForceDelete=True)
assert not groups() and state(id_) == "terminated"

# An instance that was just launched makes the first attempt fail.
lag(3)
id_ = create()
assert "Status" not in groups()[0]
refused("ResourceInUse", asg.delete_auto_scaling_group, **NAME)
refused("ScalingActivityInProgress", asg.delete_auto_scaling_group, **NAME, ForceDelete=True)
clock = Clock()
asg.delete_auto_scaling_group(**NAME, ForceDelete=True)
asg.delete_auto_scaling_group(**NAME, ForceDelete=True)
assert groups()[0]["Status"] == "Delete in progress"
assert [one["LifecycleState"] for one in groups()[0]["Instances"]] == ["Terminating"]
refused("DependencyViolation", ec2.delete_security_group, GroupId=security)
clock.wait(3.4)
assert not groups() and state(id_) == "running"
refused("DependencyViolation", ec2.delete_security_group, GroupId=security)
clock.wait(6.4)
assert state(id_) == "terminated"
ec2.delete_security_group(GroupId=security)

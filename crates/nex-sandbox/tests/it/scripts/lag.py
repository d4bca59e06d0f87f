# With a lag, volumes change and detach later, and an instance starts with its new type only at the second attempt.
ec2 = client("ec2")
disk = [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 10, "DeleteOnTermination": False}}]
id_ = ec2.run_instances(**server(BlockDeviceMappings=disk))["Instances"][0]["InstanceId"]
volume = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [id_]}])["Volumes"][0]["VolumeId"]


def size_and_state():
    size = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"]
    return size, ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][-1]["ModificationState"]


ec2.modify_volume(VolumeId=volume, Size=11)
assert size_and_state() == (11, "completed")
lag(2)
clock = Clock()
answer = ec2.modify_volume(VolumeId=volume, Size=12)["VolumeModification"]
assert (answer["ModificationState"], answer["OriginalSize"], answer["TargetSize"]) == ("modifying", 11, 12), answer
assert size_and_state() == (11, "modifying")
refused("IncorrectModificationState", ec2.modify_volume, VolumeId=volume, Size=13)
clock.wait(2.4)
assert size_and_state() == (12, "optimizing")
clock.wait(4.4)
assert size_and_state() == (12, "completed")

# The type.
ec2.stop_instances(InstanceIds=[id_])
ec2.modify_instance_attribute(InstanceId=id_, InstanceType={"Value": "t3a.small"})
answer = refused("InvalidParameterValue", ec2.start_instances, InstanceIds=[id_])
assert answer["Error"]["Message"] == (
    "Invalid value 't3a.small' for instanceType. LaunchPlan instance type does not match attribute value t3a.micro"
), answer
ec2.start_instances(InstanceIds=[id_])
ec2.stop_instances(InstanceIds=[id_])
ec2.start_instances(InstanceIds=[id_])

# The volume of a terminated instance.
clock = Clock()
ec2.terminate_instances(InstanceIds=[id_])
state = lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"]
assert state() == "in-use"
refused("VolumeInUse", ec2.delete_volume, VolumeId=volume)
clock.wait(2.4)
assert state() == "available"
ec2.delete_volume(VolumeId=volume)

# The end of the lag is the end of all waiting.
made = ec2.create_volume(AvailabilityZone="eu-west-3a", Size=1)["VolumeId"]
lag(60)
ec2.modify_volume(VolumeId=made, Size=2)
assert ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["Size"] == 1
lag(0)
assert ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["Size"] == 2
assert control("GET", "lag") == {"ms": 0}

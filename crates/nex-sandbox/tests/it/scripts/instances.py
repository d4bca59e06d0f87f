ec2 = client("ec2")
profile("server")
public = subnet("public-a")
group = ec2.create_security_group(GroupName="server", Description="server", VpcId=public["VpcId"])["GroupId"]


def server(**changes):
    return {
        "ImageId": image(UBUNTU),
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": "t3a.xlarge",
        "ClientToken": "token-1",
        "DisableApiTermination": True,
        "UserData": "#!/bin/sh\n",
        "IamInstanceProfile": {"Name": "server"},
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": public["SubnetId"], "Groups": [group]}],
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/sda1",
                "Ebs": {"VolumeSize": 200, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": False},
            }
        ],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "CreditSpecification": {"CpuCredits": "standard"},
        "TagSpecifications": specs("instance", "volume", "network-interface", Name="server"),
        **changes,
    }


def found():
    reservations = ec2.describe_instances(Filters=named("Name", "server"))["Reservations"]
    return [one for reservation in reservations for one in reservation["Instances"]]


# The same token returns the same instance, or an error if the parameters differ.
first = ec2.run_instances(**server())
id_ = first["Instances"][0]["InstanceId"]
assert ec2.run_instances(**server())["Instances"][0]["InstanceId"] == id_
refused("IdempotentParameterMismatch", ec2.run_instances, **server(InstanceType="t3a.large"))
assert [one["InstanceId"] for one in found()] == [id_]

# Of 16 vCPUs, the cluster uses 10 and the server 4.
refused("VcpuLimitExceeded", ec2.run_instances, **server(ClientToken="token-2"))
quota = client("service-quotas").get_service_quota
for code in ("L-1216C47A", "L-34B43A08"):
    assert quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"] == 16.0
refused("NoSuchResourceException", quota, ServiceCode="ec2", QuotaCode="L-0")

# The instance has all requested properties.
one = found()[0]
assert one["State"]["Name"] == "running" and one["SecurityGroups"][0]["GroupId"] == group, one
assert one["MetadataOptions"]["HttpTokens"] == "required"
assert [device["Ebs"]["DeleteOnTermination"] for device in one["BlockDeviceMappings"]] == [False]
assert one["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"] is True
attached = [{"Name": "attachment.instance-id", "Values": [id_]}]
volume = ec2.describe_volumes(Filters=attached)["Volumes"][0]
assert (volume["Size"], volume["VolumeType"], volume["Iops"], volume["Throughput"]) == (200, "gp3", 3000, 125), volume
assert {"Key": "kind", "Value": "volume"} in volume["Tags"]
nic = ec2.describe_network_interfaces(Filters=attached)["NetworkInterfaces"][0]
assert {"Key": "kind", "Value": "network-interface"} in nic["TagSet"], nic
attribute = ec2.describe_instance_attribute
assert attribute(InstanceId=id_, Attribute="disableApiTermination")["DisableApiTermination"]["Value"] is True
assert attribute(InstanceId=id_, Attribute="userData")["UserData"]["Value"] == b64("#!/bin/sh\n")
credits = ec2.describe_instance_credit_specifications(InstanceIds=[id_])["InstanceCreditSpecifications"]
assert credits == [{"InstanceId": id_, "CpuCredits": "standard"}], credits

# Changes that are possible and changes that are not.
ec2.modify_instance_metadata_options(InstanceId=id_, HttpPutResponseHopLimit=2)
options = found()[0]["MetadataOptions"]
assert (options["HttpPutResponseHopLimit"], options["HttpTokens"]) == (2, "required")
refused("IncorrectInstanceState", ec2.modify_instance_attribute, InstanceId=id_, InstanceType={"Value": "t3a.large"})
groups = found()[0]["SecurityGroups"]
ec2.modify_instance_attribute(InstanceId=id_, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
behavior = attribute(InstanceId=id_, Attribute="instanceInitiatedShutdownBehavior")
assert behavior["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate", behavior
assert found()[0]["SecurityGroups"] == groups
ec2.stop_instances(InstanceIds=[id_])
ec2.modify_instance_attribute(InstanceId=id_, UserData={"Value": b"#!/bin/bash\n"})
assert attribute(InstanceId=id_, Attribute="userData")["UserData"]["Value"] == b64("#!/bin/bash\n")
ec2.start_instances(InstanceIds=[id_])
refused("InvalidParameterValue", ec2.modify_volume, VolumeId=volume["VolumeId"], Size=100)
ec2.modify_volume(VolumeId=volume["VolumeId"], Size=250)
assert ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"][0]["Size"] == 250

# Requests that EC2 refuses.
small = server(ClientToken="token-3", InstanceType="t3a.micro")
refused("InvalidAMIID.NotFound", ec2.run_instances, **{**small, "ImageId": "ami-0123456789abcdef0"})
refused("InvalidParameterValue", ec2.run_instances, **{**small, "IamInstanceProfile": {"Name": "nothing"}})
refused("InvalidParameterValue", ec2.run_instances, **{**small, "UserData": "x" * 16385})
refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])

# Termination, which keeps the root volume.
refused("OperationNotPermitted", ec2.terminate_instances, InstanceIds=[id_])
ec2.modify_instance_attribute(InstanceId=id_, DisableApiTermination={"Value": False})
ec2.terminate_instances(InstanceIds=[id_])
assert found()[0]["State"]["Name"] == "terminated"
assert ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"][0]["State"] == "available"
assert not ec2.describe_network_interfaces(Filters=named("Name", "server"))["NetworkInterfaces"]
refused("IdempotentInstanceTerminated", ec2.run_instances, **server())

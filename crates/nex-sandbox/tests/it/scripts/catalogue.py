# Images and instance types, known and unknown.
ec2 = client("ec2")
found = ec2.describe_images(ImageIds=[image(AL2023)])["Images"][0]
assert (found["RootDeviceName"], found["Architecture"], found["State"]) == ("/dev/xvda", "x86_64", "available"), found
refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=["ami-0123456789abcdef0"])
refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[image(AL2023), "ami-0123456789abcdef0"])
refused("InvalidAMIID.Malformed", ec2.describe_images, ImageIds=["image"])

kinds = {
    one["InstanceType"]: (
        one["VCpuInfo"]["DefaultVCpus"], one["MemoryInfo"]["SizeInMiB"],
        one["ProcessorInfo"]["SupportedArchitectures"], one["BurstablePerformanceSupported"],
    )
    for one in ec2.describe_instance_types(InstanceTypes=["t3a.xlarge", "m5.large", "t4g.small"])["InstanceTypes"]
}
assert kinds == {
    "t3a.xlarge": (4, 16384, ["x86_64"], True),
    "m5.large": (2, 8192, ["x86_64"], False),
    "t4g.small": (2, 2048, ["arm64"], True),
}, kinds
refused("InvalidInstanceType", ec2.describe_instance_types, InstanceTypes=["t3a.xlarge", "t3a.huge"])

# Only burstable types have credits.
credits = {"CreditSpecification": {"CpuCredits": "unlimited"}}
refused("InstanceCreditSpecification.NotSupported", ec2.run_instances, **server(**credits, InstanceType="m5.large"))
ec2.create_launch_template(LaunchTemplateName="credits", LaunchTemplateData={**credits, "InstanceType": "m5.large"})
template = {"LaunchTemplate": {"LaunchTemplateName": "credits"}}
given = server(**template)
del given["InstanceType"]
answer = refused("InstanceCreditSpecification.NotSupported", ec2.run_instances, **given)
assert answer["Error"]["Message"] == "The m5.large instance type does not support T2 Unlimited.", answer
ec2.run_instances(**server(**template))
# A name that begins with "t" is not enough, and this type has 8 vCPUs. The sandbox's cluster leaves 6.
made = ec2.run_instances(**server(InstanceType="m5.large"))["Instances"][0]["InstanceId"]
assert ec2.describe_instance_credit_specifications(InstanceIds=[made])["InstanceCreditSpecifications"] == []
refused("InstanceCreditSpecification.NotSupported", ec2.run_instances, **server(**credits, InstanceType="trn1.2xlarge"))

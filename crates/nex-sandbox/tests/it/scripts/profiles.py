# With a lag, EC2 and Auto Scaling do not know a new profile, then not its role. DLM does not know a new role.
ec2, asg, iam, dlm = client("ec2"), client("autoscaling"), client("iam"), client("dlm")
UNKNOWN = "Value (new) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
TEMPLATE = "You must use a valid fully-formed launch template. "
POLICY = {
    "Description": "daily", "State": "ENABLED",
    "PolicyDetails": {
        "ResourceTypes": ["VOLUME"],
        "TargetTags": tagged(a="b"),
        "Schedules": [{"CreateRule": {"Interval": 24}, "RetainRule": {"Count": 7}}],
    },
}

profile("old")
refused("InvalidParameterValue", ec2.run_instances, **server(IamInstanceProfile={"Name": "new"}))
instance = ec2.run_instances(**server(IamInstanceProfile={"Name": "old"}))["Instances"][0]["InstanceId"]
other = ec2.run_instances(**server())["Instances"][0]["InstanceId"]
association = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"][0]["AssociationId"]
data = {"ImageId": image(AL2023), "InstanceType": "t3a.micro"}
for name in ("new", "old"):
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={**data, "IamInstanceProfile": {"Name": name}})
group = {
    "AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 1,
    "VPCZoneIdentifier": subnet("private-a")["SubnetId"], "LaunchTemplate": {"LaunchTemplateName": "new", "Version": "$Latest"},
}
asg.create_auto_scaling_group(**{**group, "AutoScalingGroupName": "h", "LaunchTemplate": {"LaunchTemplateName": "old"}})
mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": group["LaunchTemplate"], "Overrides": [{"InstanceType": "t3.micro"}]}}


def all_refuse(message):
    named = {"IamInstanceProfile": {"Name": "new"}}
    for call, arguments in (
        (ec2.run_instances, server(**named)),
        (ec2.run_instances, server(LaunchTemplate={"LaunchTemplateName": "new"})),
        (ec2.associate_iam_instance_profile, {"InstanceId": other, **named}),
        (ec2.replace_iam_instance_profile_association, {"AssociationId": association, **named}),
    ):
        answer = refused("InvalidParameterValue", call, **arguments)
        assert answer["Error"]["Message"] == message, answer
    for call, arguments in (
        (asg.create_auto_scaling_group, group),
        (asg.create_auto_scaling_group, {**group, "LaunchTemplate": None, "MixedInstancesPolicy": mixed}),
        (asg.update_auto_scaling_group, {"AutoScalingGroupName": "h", "LaunchTemplate": group["LaunchTemplate"]}),
    ):
        arguments = {name: value for name, value in arguments.items() if value}
        arguments |= {"MinSize": 0} if "MaxSize" in arguments else {}
        answer = refused("ValidationError", call, **arguments)
        assert answer["Error"]["Message"] == TEMPLATE + message, answer


all_refuse(UNKNOWN)
lag(5)
clock = Clock()
role = profile("new")
arn = iam.get_instance_profile(InstanceProfileName="new")["InstanceProfile"]["Arn"]
all_refuse(UNKNOWN)
refused("InvalidRequestException", dlm.create_lifecycle_policy, **POLICY, ExecutionRoleArn=role)
clock.wait(5.3)
all_refuse(f'IAM Instance Profile "{arn}" has no associated IAM Roles')
dlm.create_lifecycle_policy(**POLICY, ExecutionRoleArn=role)
clock.wait(10.4)
ec2.run_instances(**server(IamInstanceProfile={"Arn": arn}))
ec2.replace_iam_instance_profile_association(AssociationId=association, IamInstanceProfile={"Name": "new"})
asg.create_auto_scaling_group(**group)

# Without a lag, too, a profile needs a role.
lag(0)
asg.delete_auto_scaling_group(AutoScalingGroupName="g")
iam.remove_role_from_instance_profile(InstanceProfileName="new", RoleName="new")
all_refuse(f'IAM Instance Profile "{arn}" has no associated IAM Roles')

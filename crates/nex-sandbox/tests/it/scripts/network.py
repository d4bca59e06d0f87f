ec2 = client("ec2")
vpc = subnet("public-a")["VpcId"]


def tcp(port, *ranges, **more):
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": one} for one in ranges], **more}]


def rules(id_):
    return ec2.describe_security_groups(GroupIds=[id_])["SecurityGroups"][0]


# Groups and their rules.
one = ec2.create_security_group(
    GroupName="one", Description="one", VpcId=vpc, TagSpecifications=specs("security-group", Name="one")
)["GroupId"]
refused("InvalidGroup.Duplicate", ec2.create_security_group, GroupName="one", Description="x", VpcId=vpc)


def egress(id_):
    found = rules(id_)["IpPermissionsEgress"]
    assert all(rule["IpProtocol"] == "-1" for rule in found), found
    return sorted(
        [range_["CidrIp"] for rule in found for range_ in rule["IpRanges"]]
        + [range_["CidrIpv6"] for rule in found for range_ in rule["Ipv6Ranges"]]
    )


# In a VPC with IPv6, a new group lets both families out. They are revoked together or one by one.
everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
assert egress(one) == ["0.0.0.0/0", "::/0"], egress(one)
ec2.revoke_security_group_egress(GroupId=one, IpPermissions=everything[:1])
assert egress(one) == ["::/0"], egress(one)
refused("InvalidPermission.NotFound", ec2.revoke_security_group_egress, GroupId=one, IpPermissions=everything)
refused("InvalidPermission.NotFound", ec2.revoke_security_group_egress, GroupId=one, IpPermissions=everything[::-1])
assert egress(one) == ["::/0"], egress(one)
ec2.revoke_security_group_egress(GroupId=one, IpPermissions=everything[1:])
assert egress(one) == []
ec2.authorize_security_group_egress(GroupId=one, IpPermissions=everything)
assert egress(one) == ["0.0.0.0/0", "::/0"], egress(one)
ec2.revoke_security_group_egress(GroupId=one, IpPermissions=everything)
assert egress(one) == []
ec2.authorize_security_group_ingress(
    GroupId=one, IpPermissions=tcp(443, "10.1.0.0/16", "10.2.0.0/16", Ipv6Ranges=[{"CidrIpv6": "2001:db8::/32"}])
)
again = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.1.0.0/16", "Description": "other"}]}]
refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=one, IpPermissions=again)
# A call with a duplicate rule adds none of its rules.
refused(
    "InvalidPermission.Duplicate", ec2.authorize_security_group_ingress,
    GroupId=one, IpPermissions=tcp(80, "10.1.0.0/16") + again,
)
assert [one["FromPort"] for one in rules(one)["IpPermissions"]] == [443]
assert len(rules(one)["IpPermissions"][0]["IpRanges"]) == 2
refused("InvalidPermission.NotFound", ec2.revoke_security_group_ingress, GroupId=one, IpPermissions=tcp(1, "10.1.0.0/16"))
# A call with an unknown rule removes none of its rules.
refused(
    "InvalidPermission.NotFound", ec2.revoke_security_group_ingress,
    GroupId=one, IpPermissions=tcp(443, "10.1.0.0/16") + tcp(1, "10.1.0.0/16"),
)
assert len(rules(one)["IpPermissions"][0]["IpRanges"]) == 2
ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=tcp(443, "10.1.0.0/16"))
assert rules(one)["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.2.0.0/16"}]
ids = [
    rule["SecurityGroupRuleId"]
    for rule in ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [one]}])["SecurityGroupRules"]
]
ec2.revoke_security_group_ingress(GroupId=one, SecurityGroupRuleIds=ids)
assert rules(one)["IpPermissions"] == []

# A group cannot be deleted while a rule of another group refers to it.
two = ec2.create_security_group(GroupName="two", Description="two", VpcId=vpc)["GroupId"]
pair = tcp(5432, UserIdGroupPairs=[{"GroupId": one, "Description": "gitlab"}])
ec2.authorize_security_group_ingress(GroupId=two, IpPermissions=pair)
refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=two, IpPermissions=pair)
refused("DependencyViolation", ec2.delete_security_group, GroupId=one)
ec2.revoke_security_group_ingress(GroupId=two, IpPermissions=pair)
ec2.delete_security_group(GroupId=one)
refused("InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=[one])

# Addresses.
held = ec2.allocate_address(Domain="vpc", TagSpecifications=specs("elastic-ip", Name="server"))
assert held["PublicIp"].startswith("203.0.113."), held
server = ec2.run_instances(
    ImageId=image(UBUNTU), MinCount=1, MaxCount=1, InstanceType="t3a.micro", SubnetId=subnet("public-a")["SubnetId"]
)["Instances"][0]["InstanceId"]
first = ec2.associate_address(AllocationId=held["AllocationId"], InstanceId=server)["AssociationId"]
assert ec2.associate_address(AllocationId=held["AllocationId"], InstanceId=server)["AssociationId"] == first
found = ec2.describe_addresses(Filters=named("Name", "server"))["Addresses"]
assert [(one["InstanceId"], one["AssociationId"]) for one in found] == [(server, first)]
refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=held["AllocationId"])
offer = ec2.enable_address_transfer(AllocationId=held["AllocationId"], TransferAccountId="666666666666")
assert offer["AddressTransfer"]["AddressTransferStatus"] == "pending", offer
transfers = ec2.describe_address_transfers()["AddressTransfers"]
assert [one["TransferAccountId"] for one in transfers] == ["666666666666"], transfers
ec2.disable_address_transfer(AllocationId=held["AllocationId"])
assert ec2.describe_address_transfers()["AddressTransfers"] == []
ec2.disassociate_address(AssociationId=first)
ec2.release_address(AllocationId=held["AllocationId"])
refused("InvalidAllocationID.NotFound", ec2.release_address, AllocationId=held["AllocationId"])
for _ in range(4):
    ec2.allocate_address(Domain="vpc")
refused("AddressLimitExceeded", ec2.allocate_address, Domain="vpc")

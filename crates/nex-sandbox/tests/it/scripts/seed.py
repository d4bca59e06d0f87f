ec2 = client("ec2")
assert client("sts").get_caller_identity()["Account"] == "009001720821"
vpc = ec2.describe_vpcs(Filters=named("Name", "nex-staging"))["Vpcs"]
assert [one["CidrBlock"] for one in vpc] == ["10.0.0.0/16"]
assert [one["Ipv6CidrBlockState"]["State"] for one in vpc[0]["Ipv6CidrBlockAssociationSet"]] == ["associated"]
inside = [{"Name": "vpc-id", "Values": [vpc[0]["VpcId"]]}]

subnets = ec2.describe_subnets(Filters=inside)["Subnets"]
assert {(one["CidrBlock"], one["AvailabilityZone"]) for one in subnets} == {
    ("10.0.1.0/24", "eu-west-3a"),
    ("10.0.10.0/24", "eu-west-3a"),
    ("10.0.20.0/24", "eu-west-3b"),
    ("10.0.100.0/24", "eu-west-3a"),
    ("10.0.110.0/24", "eu-west-3b"),
}, subnets

nat = ec2.describe_nat_gateways(Filters=inside)["NatGateways"]
assert [(one["State"], one["SubnetId"]) for one in nat] == [("available", subnet("public-a")["SubnetId"])]
routes = {}
for table in ec2.describe_route_tables(Filters=inside)["RouteTables"]:
    for link in table["Associations"]:
        routes[link.get("SubnetId")] = [
            route.get("NatGatewayId") or route.get("GatewayId")
            for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"
        ]
assert routes[subnet("private-a")["SubnetId"]] == [nat[0]["NatGatewayId"]], routes
assert routes[subnet("public-a")["SubnetId"]][0].startswith("igw-"), routes
assert routes[subnet("data-a")["SubnetId"]] == [], routes

groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["nex-staging-rds"]}])
group = groups["SecurityGroups"][0]["GroupId"]
db = client("rds").describe_db_instances(DBInstanceIdentifier="nex-staging")["DBInstances"][0]
assert (db["Engine"], db["DBInstanceClass"], db["DBInstanceStatus"]) == ("postgres", "db.t3.small", "available")
assert db["EngineVersion"].startswith("16.") and db["Endpoint"]["Port"] == 5432 and db["Endpoint"]["Address"]
assert [one["VpcSecurityGroupId"] for one in db["VpcSecurityGroups"]] == [group]
assert {one["SubnetIdentifier"] for one in db["DBSubnetGroup"]["Subnets"]} == {
    subnet("data-a")["SubnetId"], subnet("data-b")["SubnetId"]
}

found = ec2.describe_instances(Filters=named("eks:cluster-name", "nex-staging"))["Reservations"]
nodes = [node for reservation in found for node in reservation["Instances"]]
assert len(nodes) == 5
for node in nodes:
    assert (node["InstanceType"], node["State"]["Name"]) == ("t3a.medium", "running")
    assert "InstanceLifecycle" not in node
    assert node["SubnetId"] in {subnet("private-a")["SubnetId"], subnet("private-b")["SubnetId"]}

assert client("s3").get_bucket_tagging(Bucket="nex-staging-backups")["TagSet"]
answer = client("ssm").get_parameters(Names=[AL2023, UBUNTU, "/nothing"])
assert len(answer["Parameters"]) == 2 and answer["InvalidParameters"] == ["/nothing"]
ids = [one["Value"] for one in answer["Parameters"]]
assert {one["RootDeviceName"] for one in ec2.describe_images(ImageIds=ids)["Images"]} == {"/dev/xvda", "/dev/sda1"}

"""Creates what the reference deployment expects: images, a network, a database, a cluster, a bucket."""

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends
from moto.ssm.models import Parameter, ssm_backends

ACCOUNT = "009001720821"
REGION = "eu-west-3"
# Buckets that a call from this account and Region cannot use.
OTHER_ACCOUNT, OTHER_REGION = "210987654321", "eu-west-1"
TAKEN_BUCKET, DISTANT_BUCKET = "nex-taken-elsewhere", "nex-other-region"
# Id, name, root device and owner of an image, and the public parameters that contain its id.
IMAGES = (
    (
        "ami-0a12023000000aa01",
        "al2023-ami-2023.9.20261110.0-kernel-6.12-x86_64",
        "/dev/xvda",
        "137112412989",
        (
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.12-x86_64",
        ),
    ),
    (
        "ami-0b22040000000bb01",
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261105",
        "/dev/sda1",
        "099720109477",
        ("/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",),
    ),
)
SUBNETS = (
    ("public-a", "10.0.1.0/24", "a"),
    ("private-a", "10.0.10.0/24", "a"),
    ("private-b", "10.0.20.0/24", "b"),
    ("data-a", "10.0.100.0/24", "a"),
    ("data-b", "10.0.110.0/24", "b"),
)
EKS_NODES = 5


def images():
    ec2, ssm = ec2_backends[ACCOUNT][REGION], ssm_backends[ACCOUNT][REGION]
    # moto's list of public parameters contains images that the sandbox does not load.
    ssm._parameters.latest_amis_loaded = True
    for id_, name, root, owner, parameters in IMAGES:
        ec2.amis[id_] = Ami(
            ec2,
            id_,
            name=name,
            owner_id=owner,
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture="x86_64",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name=root,
            region_name=f"{REGION}a",
        )
        for parameter in parameters:
            ssm._parameters[parameter].append(_public_parameter(parameter, id_))


def _public_parameter(name, value):
    return Parameter(
        account_id=ACCOUNT,
        name=name,
        value=value,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=1762819200.0,
        version=1,
        data_type="aws:ec2:image",
    )


def staging():
    """Creates the network, the database, the nodes of the cluster and the shared bucket."""
    ec2 = ec2_backends[ACCOUNT][REGION]
    vpc, subnets = _network(ec2)
    _database(ec2, vpc, subnets)
    _cluster(ec2, vpc, subnets)
    s3_backends[ACCOUNT]["aws"].create_bucket("nex-staging-backups", REGION)
    s3_backends[ACCOUNT]["aws"].put_bucket_tagging("nex-staging-backups", {"Name": "nex-staging-backups"})
    s3_backends[OTHER_ACCOUNT]["aws"].create_bucket(TAKEN_BUCKET, REGION)
    s3_backends[ACCOUNT]["aws"].create_bucket(DISTANT_BUCKET, OTHER_REGION)


def _network(ec2):
    # With the IPv6 block, a new security group also lets all of IPv6 out.
    vpc = ec2.create_vpc("10.0.0.0/16", amazon_provided_ipv6_cidr_block=True)
    vpc.add_tags({"Name": "nex-staging"})
    vpc.enable_dns_hostnames = vpc.enable_dns_support = True
    subnets = {}
    for name, cidr, zone in SUBNETS:
        subnet = ec2.create_subnet(vpc.id, cidr, availability_zone=f"{REGION}{zone}")
        subnet.add_tags({"Name": f"nex-staging-{name}"})
        subnets[name] = subnet
    gateway = ec2.create_internet_gateway()
    gateway.add_tags({"Name": "nex-staging"})
    ec2.attach_internet_gateway(gateway.id, vpc.id)
    address = ec2.allocate_address("vpc", tags={"Name": "nex-staging-nat"})
    nat = ec2.create_nat_gateway(subnets["public-a"].id, address.allocation_id)
    nat.add_tags({"Name": "nex-staging"})
    _routes(ec2, vpc, "public", [subnets["public-a"]], gateway_id=gateway.id)
    _routes(ec2, vpc, "private", [subnets["private-a"], subnets["private-b"]], nat_gateway_id=nat.id)
    _routes(ec2, vpc, "data", [subnets["data-a"], subnets["data-b"]])
    return vpc, subnets


def _routes(ec2, vpc, name, subnets, **target):
    table = ec2.create_route_table(vpc.id)
    table.add_tags({"Name": f"nex-staging-{name}"})
    for subnet in subnets:
        ec2.associate_route_table(table.id, subnet_id=subnet.id)
    if target:
        ec2.create_route(table.id, "0.0.0.0/0", **target)


def _database(ec2, vpc, subnets):
    group = ec2.create_security_group(
        "nex-staging-rds", "PostgreSQL of staging", vpc_id=vpc.id, tags={"Name": "nex-staging-rds"}
    )
    rds = rds_backends[ACCOUNT][REGION]
    rds.create_subnet_group(
        subnet_name="nex-staging-data",
        description="data subnets of staging",
        subnets=[subnets["data-a"], subnets["data-b"]],
        tags=[],
    )
    rds.create_db_instance(
        {
            "db_instance_identifier": "nex-staging",
            "db_instance_class": "db.t3.small",
            "engine": "postgres",
            "engine_version": "16.8",
            "port": 5432,
            "allocated_storage": 50,
            "storage_type": "gp3",
            "storage_encrypted": True,
            "master_username": "postgres",
            "master_user_password": "sandbox-only",
            "db_name": "nex",
            "db_subnet_group_name": "nex-staging-data",
            "vpc_security_group_ids": [group.id],
            "backup_retention_period": 7,
            "deletion_protection": True,
            "tags": [{"Key": "Name", "Value": "nex-staging"}],
        }
    )


def _cluster(ec2, vpc, subnets):
    group = ec2.create_security_group(
        "nex-staging-eks-node", "EKS nodes of staging", vpc_id=vpc.id, tags={"Name": "nex-staging-eks-node"}
    )
    for number in range(EKS_NODES):
        ec2.run_instances(
            IMAGES[0][0],
            1,
            None,
            [],
            instance_type="t3a.medium",
            is_instance_type_default=False,
            region_name=REGION,
            subnet_id=subnets["private-a" if number % 2 == 0 else "private-b"].id,
            security_group_ids=[group.id],
            tags={
                "instance": {
                    "Name": "nex-staging-eks-node",
                    "eks:cluster-name": "nex-staging",
                    "kubernetes.io/cluster/nex-staging": "owned",
                }
            },
        )

//! What is looked up: account, network, database, images; and the quotas.

use aws_sdk_ec2::types::{Filter, InstanceLifecycleType, Subnet, Vpc};

use super::{Reader, tags};
use crate::aws::Error;
use crate::facts::{Capacity, DatabaseFacts, Facts, Images};
use crate::names::Tags;
use crate::spec::{HostSize, Selector};

/// Canonical's own parameter for the newest Ubuntu 22.04 image.
const UBUNTU: &str =
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id";
/// Amazon's own parameter for the newest Amazon Linux 2023 image.
const AMAZON_LINUX: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
/// The call that looks the database up.
const DATABASE_CALL: &str = "DescribeDBInstances";
/// EC2 pages at most this many rows.
const PAGE: i32 = 1000;

pub(super) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder()
        .name(name)
        .set_values(Some(values.into_iter().map(Into::into).collect()))
        .build()
}

impl Reader {
    pub(super) async fn ground(&self) -> Result<Facts, Error> {
        let (vpcs, subnets, nats, (database, arn), images) = tokio::try_join!(
            self.vpcs(),
            self.subnets(),
            self.nat_gateways(),
            self.database(),
            self.images(),
        )?;
        let (partition, account) = self.place_of(&arn)?;
        let network = &self.spec.network;
        let region = &self.aws.region;
        let vpc = only("VPC", &network.vpc, &vpcs, region, vpc_fits)?;
        let vpc = vpc.vpc_id().unwrap_or_default().to_owned();
        let subnets: Vec<Subnet> = subnets
            .into_iter()
            .filter(|s| s.vpc_id() == Some(vpc.as_str()))
            .collect();
        let subnet = |selector: &Selector| {
            let subnet = only("subnet", selector, &subnets, &vpc, subnet_fits)?;
            Ok::<_, Error>(subnet.subnet_id().unwrap_or_default().to_owned())
        };
        Ok(Facts {
            account,
            partition,
            region: region.clone(),
            public_subnet: subnet(&network.public_subnet)?,
            private_subnets: network
                .private_subnets
                .iter()
                .map(subnet)
                .collect::<Result<_, _>>()?,
            nat_gateways: nats
                .into_iter()
                .filter(|(_, of)| *of == vpc)
                .map(|(id, _)| id)
                .collect(),
            vpc,
            database,
            images,
        })
    }

    /// The partition and the account, by the ARN of the one thing that is always looked up: it spares a call.
    fn place_of(&self, arn: &str) -> Result<(String, String), Error> {
        let mut parts = arn.split(':');
        match (parts.nth(1), parts.nth(2)) {
            (Some(partition), Some(account)) => {
                self.right_account(account)?;
                Ok((partition.to_owned(), account.to_owned()))
            }
            _ => Err(Error::Answer {
                operation: DATABASE_CALL,
                about: self.spec.database.instance.clone(),
                lacks: "an ARN with its account",
            }),
        }
    }

    fn right_account(&self, found: &str) -> Result<(), Error> {
        match &self.spec.account {
            Some(expected) if expected != found => Err(Error::OtherAccount {
                found: found.to_owned(),
                expected: expected.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// In another account nothing is where it is looked for: that is said, instead of what was missed first.
    pub(super) async fn or_other_account(&self, error: Error) -> Error {
        match self.check_account().await {
            Err(other @ Error::OtherAccount { .. }) => other,
            _ => error,
        }
    }

    /// Whether the credentials are of the spec's account, for who does not read the world, which tells it too. Without an
    /// account in the spec there is no call.
    ///
    /// # Errors
    /// [`Error::OtherAccount`], or [`Error::Call`] if STS does not answer.
    pub async fn check_account(&self) -> Result<(), Error> {
        const CALL: &str = "GetCallerIdentity";
        if self.spec.account.is_none() {
            return Ok(());
        }
        let request = self.aws.sts.get_caller_identity().send();
        let identity = request.await.map_err(Error::call(CALL, "the account"))?;
        match identity.account {
            Some(account) => self.right_account(&account),
            None => Err(Error::Answer {
                operation: CALL,
                about: "the account".to_owned(),
                lacks: "an account",
            }),
        }
    }

    async fn vpcs(&self) -> Result<Vec<Vpc>, Error> {
        let by = match &self.spec.network.vpc {
            Selector::Id(id) => filter("vpc-id", [id]),
            Selector::Tag(key, value) => filter(&format!("tag:{key}"), [value]),
            Selector::Cidr(net) => filter("cidr-block-association.cidr-block", [net.to_string()]),
        };
        let answer = self.aws.ec2.describe_vpcs().filters(by).send().await;
        let answer = answer.map_err(Error::call("DescribeVpcs", "the VPC"))?;
        Ok(answer.vpcs.unwrap_or_default())
    }

    async fn subnets(&self) -> Result<Vec<Subnet>, Error> {
        let pages = self.aws.ec2.describe_subnets().max_results(PAGE);
        pages
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("DescribeSubnets", "the subnets"))
    }

    async fn nat_gateways(&self) -> Result<Vec<(String, String)>, Error> {
        let request = self.aws.ec2.describe_nat_gateways();
        let gateways = request
            .filter(filter("state", ["available"]))
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("DescribeNatGateways", "the NAT gateways"))?;
        let id_and_vpc = |gateway: aws_sdk_ec2::types::NatGateway| {
            Some((gateway.nat_gateway_id?, gateway.vpc_id?))
        };
        let mut gateways: Vec<_> = gateways.into_iter().filter_map(id_and_vpc).collect();
        gateways.sort();
        Ok(gateways)
    }

    /// The database with its ARN.
    async fn database(&self) -> Result<(DatabaseFacts, String), Error> {
        const CALL: &str = DATABASE_CALL;
        let name = &self.spec.database.instance;
        let lookup = |found| Error::Lookup {
            what: "RDS instance",
            selector: name.clone(),
            found,
            place: self.aws.region.clone(),
        };
        let request = self.aws.rds.describe_db_instances();
        let answer = request.db_instance_identifier(name).send().await;
        let answer = crate::aws::error::found(answer.map_err(Error::call(CALL, name)))?;
        let instances = answer.map(|a| a.db_instances.unwrap_or_default());
        let instance = match instances.unwrap_or_default().as_slice() {
            [instance] => instance.clone(),
            others => return Err(lookup(others.len())),
        };
        let endpoint = instance.endpoint().ok_or(Error::Answer {
            operation: CALL,
            about: name.clone(),
            lacks: "an endpoint: it is still being made",
        })?;
        let port = endpoint.port().and_then(|p| u16::try_from(p).ok());
        let groups = instance.vpc_security_groups();
        let facts = DatabaseFacts {
            host: endpoint.address().unwrap_or_default().to_owned(),
            port: port.unwrap_or(5432),
            version: instance.engine_version().unwrap_or_default().to_owned(),
            groups: groups
                .iter()
                .filter_map(|g| g.vpc_security_group_id().map(str::to_owned))
                .collect(),
        };
        Ok((facts, instance.db_instance_arn.unwrap_or_default()))
    }

    async fn images(&self) -> Result<Images, Error> {
        const CALL: &str = "GetParameters";
        let request = self.aws.ssm.get_parameters();
        let answer = request.names(UBUNTU).names(AMAZON_LINUX).send().await;
        let answer = answer.map_err(Error::call(CALL, "the newest images"))?;
        let value = |name: &str| {
            let parameter = answer.parameters().iter().find(|p| p.name() == Some(name));
            parameter
                .and_then(|p| p.value())
                .map(str::to_owned)
                .ok_or_else(|| Error::Answer {
                    operation: CALL,
                    about: name.to_owned(),
                    lacks: "the image's id",
                })
        };
        Ok(Images {
            server: value(UBUNTU)?,
            fleet: value(AMAZON_LINUX)?,
        })
    }

    pub(super) async fn read_capacity(&self) -> Result<Capacity, Error> {
        let (on_demand, spot, (on_demand_used, spot_used)) = tokio::try_join!(
            self.quota("L-1216C47A"),
            self.quota("L-34B43A08"),
            self.running_vcpus(),
        )?;
        Ok(Capacity {
            on_demand,
            spot,
            on_demand_used,
            spot_used,
        })
    }

    async fn quota(&self, code: &str) -> Result<u32, Error> {
        const CALL: &str = "GetServiceQuota";
        let request = self.aws.quotas.get_service_quota();
        let answer = request.service_code("ec2").quota_code(code).send().await;
        let answer = answer.map_err(Error::call(CALL, code))?;
        let value = answer.quota().and_then(|q| q.value());
        // Quotas are whole numbers of vCPUs that the API gives as floating point.
        value.map(|v| v as u32).ok_or_else(|| Error::Answer {
            operation: CALL,
            about: code.to_owned(),
            lacks: "a value",
        })
    }

    /// vCPUs that run on demand, and as Spot.
    async fn running_vcpus(&self) -> Result<(u32, u32), Error> {
        let request = self.aws.ec2.describe_instances();
        let reservations = request
            .filters(filter("instance-state-name", ["pending", "running"]))
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("DescribeInstances", "what runs"))?;
        let (mut on_demand, mut spot) = (0, 0);
        for instance in reservations.iter().flat_map(|r| r.instances()) {
            let kind = instance.instance_type().map(|t| t.as_str());
            let vcpus = kind.and_then(HostSize::of).map_or(0, |size| size.vcpus);
            match instance.instance_lifecycle() {
                Some(InstanceLifecycleType::Spot) => spot += vcpus,
                _ => on_demand += vcpus,
            }
        }
        Ok((on_demand, spot))
    }
}

fn only<'a, T>(
    what: &'static str,
    selector: &Selector,
    all: &'a [T],
    place: &str,
    fits: impl Fn(&T, &Selector) -> bool,
) -> Result<&'a T, Error> {
    let mut fitting = all.iter().filter(|item| fits(item, selector));
    match (fitting.next(), fitting.count()) {
        (Some(one), 0) => Ok(one),
        (first, more) => Err(Error::Lookup {
            what,
            selector: selector.to_string(),
            found: usize::from(first.is_some()) + more,
            place: place.to_owned(),
        }),
    }
}

fn vpc_fits(vpc: &Vpc, selector: &Selector) -> bool {
    match selector {
        Selector::Id(id) => vpc.vpc_id() == Some(id),
        Selector::Cidr(net) => vpc.cidr_block() == Some(&net.to_string()),
        Selector::Tag(key, value) => has_tag(&tags!(vpc.tags()), key, value),
    }
}

fn subnet_fits(subnet: &Subnet, selector: &Selector) -> bool {
    match selector {
        Selector::Id(id) => subnet.subnet_id() == Some(id),
        Selector::Cidr(net) => subnet.cidr_block() == Some(&net.to_string()),
        Selector::Tag(key, value) => has_tag(&tags!(subnet.tags()), key, value),
    }
}

fn has_tag(tags: &Tags, key: &str, value: &str) -> bool {
    tags.get(key).is_some_and(|v| v == value)
}

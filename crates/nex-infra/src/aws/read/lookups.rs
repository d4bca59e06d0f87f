//! Looks up what the spec refers to: account, network, database, images.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, Subnet, Vpc};

use super::{Reader, tags};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::facts::{DatabaseFacts, Facts, FleetState, Images};
use crate::ids::{ImageId, SecurityGroupId, SubnetId, VpcId};
use crate::names::Tags;
use crate::spec::Selector;

/// Canonical's public parameter for the newest Ubuntu 22.04 image.
const UBUNTU: &str =
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id";
/// Amazon's public parameter for the newest Amazon Linux 2023 image.
const AMAZON_LINUX: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
/// The call that looks up the database.
const DATABASE_CALL: &str = "DescribeDBInstances";
/// The most rows that EC2 returns in one page.
pub(super) const PAGE: i32 = 1000;

pub(super) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder()
        .name(name)
        .set_values(Some(values.into_iter().map(Into::into).collect()))
        .build()
}

impl Reader {
    pub(super) async fn facts(&self) -> Result<Facts, Error> {
        let (vpcs, subnets, nats, (database, arn), images, machines) = tokio::try_join!(
            self.vpcs(),
            self.subnets(),
            self.nat_gateways(),
            self.database(),
            self.images(),
            self.machines(),
        )?;
        let (partition, account) = self.partition_and_account(&arn)?;
        let network = &self.spec.network;
        let region = &self.aws.region;
        let vpc = only("VPC", &network.vpc, &vpcs, region, vpc_fits)?;
        let vpc = vpc
            .vpc_id()
            .ok_or_else(|| Error::lacks("DescribeVpcs", region)("a VPC's id"))?;
        let vpc = VpcId::new(vpc);
        let subnets: Vec<Subnet> = subnets
            .into_iter()
            .filter(|s| s.vpc_id() == Some(vpc.as_str()))
            .collect();
        let subnet = |selector: &Selector| {
            let subnet = only("subnet", selector, &subnets, vpc.as_str(), subnet_fits)?;
            let lacks = Error::lacks("DescribeSubnets", vpc.as_str());
            let id = subnet.subnet_id().ok_or_else(|| lacks("a subnet's id"))?;
            Ok::<_, Error>(SubnetId::new(id))
        };
        let zone = |subnet: &Subnet| {
            let id = SubnetId::new(subnet.subnet_id()?);
            Some((id, subnet.availability_zone()?.to_owned()))
        };
        Ok(Facts {
            zones: subnets.iter().filter_map(zone).collect(),
            machines,
            fleet: FleetState::Empty,
            deleted_secrets: BTreeMap::new(),
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
                .filter(|(_, of)| of == vpc.as_str())
                .map(|(id, _)| id)
                .collect(),
            vpc,
            database,
            images,
        })
    }

    /// The partition and the account, from the ARN of the database: this saves a call.
    fn partition_and_account(&self, arn: &str) -> Result<(String, String), Error> {
        let mut parts = arn.split(':');
        match (parts.nth(1), parts.nth(2)) {
            (Some(partition), Some(account)) => {
                self.expect_account(account)?;
                Ok((partition.to_owned(), account.to_owned()))
            }
            _ => {
                let lacks = Error::lacks(DATABASE_CALL, &self.spec.database.instance);
                Err(lacks("an ARN with an account"))
            }
        }
    }

    fn expect_account(&self, found: &str) -> Result<(), Error> {
        match &self.spec.account {
            Some(expected) if expected != found => Err(Error::OtherAccount {
                found: found.to_owned(),
                expected: expected.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// With another account's credentials every lookup fails: report the account, not the first miss.
    pub(super) async fn or_other_account(&self, error: Error) -> Error {
        match self.check_account().await {
            Err(other @ Error::OtherAccount { .. }) => other,
            _ => error,
        }
    }

    /// Checks that the credentials belong to the spec's account, for callers that skip the snapshot, which makes the
    /// same check. Makes no call if the spec names no account.
    ///
    /// # Errors
    /// [`Error::OtherAccount`], and [`Error::Call`] if STS does not answer.
    pub async fn check_account(&self) -> Result<(), Error> {
        if self.spec.account.is_none() {
            return Ok(());
        }
        let account = self.aws.caller_account().await?;
        self.expect_account(&account)
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
        let network = &self.spec.network;
        let asked = [&network.public_subnet].into_iter();
        let asked = asked.chain(&network.private_subnets);
        let filters = vpc_filter(&network.vpc).into_iter();
        let filters = filters.chain(subnet_filter(asked)).collect();
        self.aws
            .ec2
            .describe_subnets()
            .set_filters(Some(filters))
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("DescribeSubnets", "the subnets"))
    }

    async fn nat_gateways(&self) -> Result<Vec<(String, String)>, Error> {
        let filters = [filter("state", ["available"])].into_iter();
        let filters = filters.chain(vpc_filter(&self.spec.network.vpc)).collect();
        let request = self.aws.ec2.describe_nat_gateways();
        let gateways = request
            .set_filter(Some(filters))
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
        let answer = if_found(answer.map_err(Error::call(CALL, name)))?;
        let instances = answer.map(|a| a.db_instances.unwrap_or_default());
        let instance = match instances.unwrap_or_default().as_slice() {
            [instance] => instance.clone(),
            others => return Err(lookup(others.len())),
        };
        let lacks = Error::lacks(CALL, name);
        let endpoint = instance
            .endpoint()
            .ok_or_else(|| lacks("an endpoint: RDS is still creating the instance"))?;
        let host = endpoint.address().ok_or_else(|| lacks("an address"))?;
        let port = endpoint.port().and_then(|p| u16::try_from(p).ok());
        let version = instance.engine_version();
        let groups = instance.vpc_security_groups();
        let facts = DatabaseFacts {
            host: host.to_owned(),
            port: port.ok_or_else(|| lacks("a port"))?,
            version: version
                .ok_or_else(|| lacks("an engine version"))?
                .to_owned(),
            groups: groups
                .iter()
                .filter_map(|g| g.vpc_security_group_id().map(SecurityGroupId::new))
                .collect(),
        };
        let arn = instance.db_instance_arn();
        let arn = arn.ok_or_else(|| lacks("an ARN"))?.to_owned();
        Ok((facts, arn))
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
                .map(ImageId::new)
                .ok_or_else(|| Error::lacks(CALL, name)("the image's id"))
        };
        Ok(Images {
            server: value(UBUNTU)?,
            fleet: value(AMAZON_LINUX)?,
        })
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

/// The VPC's id as a filter, if the spec names it: otherwise another call looks it up at the same time.
fn vpc_filter(vpc: &Selector) -> Option<Filter> {
    match vpc {
        Selector::Id(id) => Some(filter("vpc-id", [id])),
        Selector::Tag(..) | Selector::Cidr(_) => None,
    }
}

/// One filter that lets all asked subnets pass, if the spec names them in the same way: EC2 wants all filters to match.
fn subnet_filter<'a>(asked: impl Iterator<Item = &'a Selector>) -> Option<Filter> {
    let (names, values): (BTreeSet<String>, Vec<String>) = asked
        .map(|selector| match selector {
            Selector::Id(id) => ("subnet-id".to_owned(), id.clone()),
            Selector::Tag(key, value) => (format!("tag:{key}"), value.clone()),
            Selector::Cidr(net) => ("cidr-block".to_owned(), net.to_string()),
        })
        .unzip();
    let mut names = names.into_iter();
    match (names.next(), names.next()) {
        (Some(name), None) => Some(filter(&name, values)),
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(asked: &[&str]) -> Option<(String, Vec<String>)> {
        let asked: Vec<Selector> = asked
            .iter()
            .map(|text| text.parse().expect("a selector"))
            .collect();
        let filter = subnet_filter(asked.iter())?;
        Some((filter.name?, filter.values?))
    }

    #[test]
    fn subnets_are_filtered_if_one_filter_lets_all_of_them_pass() {
        let (name, values) = filtered(&["10.0.1.0/24", "10.0.2.0/24"]).expect("a filter");
        assert_eq!(name, "cidr-block");
        assert_eq!(values, ["10.0.1.0/24", "10.0.2.0/24"]);
        let (name, values) = filtered(&["tag:Name=a", "tag:Name=b"]).expect("a filter");
        assert_eq!((name.as_str(), values.len()), ("tag:Name", 2));
        assert_eq!(filtered(&["tag:Name=a", "tag:Tier=b"]), None);
        assert_eq!(filtered(&["subnet-0a", "10.0.2.0/24"]), None);
    }
}

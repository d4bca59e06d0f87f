//! Security groups and their rules.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup as Described};

use super::lookups::filter;
use super::{Found, GroupNames, Reader, tags};
use crate::aws::Error;
use crate::facts::Facts;
use crate::model::{DatabaseIngress, GroupRef, Peer, PortRange, Protocol, Rule, SecurityGroup};

const CALL: &str = "DescribeSecurityGroups";

impl Reader {
    pub(super) async fn server_and_fleet_groups(&self) -> Result<Vec<Described>, Error> {
        let names = [self.names.server(), self.names.fleet()];
        let request = self.aws.ec2.describe_security_groups();
        let answer = request.filters(filter("group-name", names)).send().await;
        let answer = answer.map_err(Error::call(CALL, "our groups"))?;
        Ok(answer.security_groups.unwrap_or_default())
    }

    pub(super) fn collect_groups(
        &self,
        facts: &Facts,
        groups: Vec<Described>,
        found: &mut Found,
    ) -> Result<GroupNames, Error> {
        let groups: Vec<Described> = groups
            .into_iter()
            .filter(|g| g.vpc_id() == Some(facts.vpc.as_str()))
            .collect();
        let names = groups.iter().filter_map(|g| {
            let id = g.group_id()?.to_owned();
            Some((id, g.group_name()?.to_owned()))
        });
        let names = GroupNames(names.collect());
        for group in groups {
            let tags = tags!(group.tags());
            let owner = self.names.owner(&tags);
            let lacks = Error::lacks(CALL, "our groups");
            let id = group.group_id.ok_or_else(|| lacks("a group's id"))?;
            let lacks = Error::lacks(CALL, &id);
            let resource = SecurityGroup {
                name: group.group_name.ok_or_else(|| lacks("a name"))?,
                description: group.description.ok_or_else(|| lacks("a description"))?,
                vpc: facts.vpc.clone(),
                ingress: rules(&group.ip_permissions.unwrap_or_default(), &names),
                egress: rules(&group.ip_permissions_egress.unwrap_or_default(), &names),
                tags: self.ours(tags),
            };
            found.add(id, owner, resource)?;
        }
        Ok(names)
    }

    /// The rule for the server in the database's group, if the spec allows nex to create that rule.
    pub(super) async fn database_ingress(
        &self,
        facts: &Facts,
        names: &GroupNames,
    ) -> Result<Option<DatabaseIngress>, Error> {
        let group = facts.database.groups.first();
        let Some(group) = group.filter(|_| self.spec.database.allow_ingress) else {
            return Ok(None);
        };
        let request = self
            .aws
            .ec2
            .describe_security_groups()
            .group_ids(group.as_str());
        let answer = request.send().await;
        let answer = answer.map_err(Error::call(CALL, group.as_str()))?;
        let from = GroupRef::Named(self.names.server());
        let wanted = Rule {
            protocol: Protocol::Tcp,
            ports: Some(PortRange::one(facts.database.port)),
            peer: Peer::Group(from.clone()),
        };
        let exists = answer
            .security_groups()
            .iter()
            .any(|g| rules(g.ip_permissions(), names).contains(&wanted));
        Ok(exists.then(|| DatabaseIngress {
            database: self.spec.database.instance.clone(),
            group: group.clone(),
            port: facts.database.port,
            from,
        }))
    }
}

/// One rule per peer, because EC2 may group peers under a permission in any way.
pub(crate) fn rules(permissions: &[IpPermission], names: &GroupNames) -> BTreeSet<Rule> {
    let mut rules = BTreeSet::new();
    for permission in permissions {
        let protocol = Protocol::parse(permission.ip_protocol().unwrap_or("-1"));
        let ports = match protocol {
            Protocol::All => None,
            _ => {
                let ends = permission.from_port().zip(permission.to_port());
                ends.map(|(first, last)| PortRange { first, last })
            }
        };
        let v4 = permission.ip_ranges().iter().filter_map(|r| r.cidr_ip());
        let v6 = permission
            .ipv6_ranges()
            .iter()
            .filter_map(|r| r.cidr_ipv6());
        let nets = v4.chain(v6).map(|net| Peer::Cidr(net.to_owned()));
        let groups = permission.user_id_group_pairs().iter();
        let groups = groups.filter_map(|g| Some(Peer::Group(names.reference(g.group_id()?))));
        let lists = permission.prefix_list_ids().iter();
        let lists = lists.filter_map(|l| Some(Peer::PrefixList(l.prefix_list_id()?.to_owned())));
        rules.extend(nets.chain(groups).chain(lists).map(|peer| Rule {
            protocol: protocol.clone(),
            ports,
            peer,
        }));
    }
    rules
}

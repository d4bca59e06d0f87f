//! Security groups and their rules.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, TagSpecification, UserIdGroupPair,
};

use nex_plan::CancelToken;

use super::{Writer, need, sdk_tags, tag_changes};
use crate::aws::Error;
use crate::aws::read::{GroupNames, rules};
use crate::aws::retry::Wait;
use crate::model::{
    DatabaseIngress, GroupRef, Key, Kind, Peer, PortRange, Protocol, Rule, SecurityGroup,
};
use crate::names::Tags;
use crate::ports::Ids;

/// How long the interfaces of terminating instances may still use a group.
const GROUP_RELEASED: Duration = Duration::from_secs(300);

/// Which traffic a rule is for.
#[derive(Clone, Copy, Debug)]
enum Direction {
    Ingress,
    Egress,
}

/// The tags for one type of resource that a create call creates.
pub(super) fn tagged(kind: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder()
        .resource_type(kind)
        .set_tags(Some(sdk_tags!(aws_sdk_ec2, tags)))
        .build()
}

impl Writer {
    pub(super) async fn create_group(
        &self,
        new: &SecurityGroup,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        const CALL: &str = "CreateSecurityGroup";
        let request = self.aws.ec2.create_security_group();
        let answer = request
            .group_name(&new.name)
            .description(&new.description)
            .vpc_id(new.vpc.as_str())
            .tag_specifications(tagged(ResourceType::SecurityGroup, &new.tags))
            .send()
            .await
            .map_err(Error::call(CALL, &new.name))?;
        let lacks = Error::lacks(CALL, &new.name);
        let id = answer.group_id.ok_or_else(|| lacks("the group's id"))?;
        ids.set(Key::new(Kind::SecurityGroup, &new.name), id.clone());
        let fresh = SecurityGroup {
            ingress: BTreeSet::new(),
            egress: self.first_egress(&id, cancel).await?,
            ..new.clone()
        };
        Box::pin(self.update_group(&id, &fresh, new, ids, cancel)).await?;
        Ok(id)
    }

    /// The egress rules that EC2 gives a new group: all of IPv4, and all of IPv6 if the VPC has an IPv6 block.
    async fn first_egress(&self, id: &str, cancel: &CancelToken) -> Result<BTreeSet<Rule>, Error> {
        const CALL: &str = "DescribeSecurityGroups";
        let call = || async {
            let request = self.aws.ec2.describe_security_groups().group_ids(id);
            request.send().await.map_err(Error::call(CALL, id))
        };
        let wait = Wait::for_propagation(id, cancel);
        let answer = wait.until_settled(call, Error::is_not_found).await?;
        let groups = answer.security_groups().iter();
        let permissions = groups.flat_map(|g| g.ip_permissions_egress().to_vec());
        Ok(rules(
            &permissions.collect::<Vec<_>>(),
            &GroupNames::default(),
        ))
    }

    pub(super) async fn update_group(
        &self,
        id: &str,
        old: &SecurityGroup,
        new: &SecurityGroup,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let permissions = |a: &BTreeSet<Rule>, b: &BTreeSet<Rule>| {
            let rules = a.difference(b).map(|rule| permission(rule, &new.name, ids));
            rules.collect::<Result<Vec<_>, Error>>()
        };
        // nex adds new rules before it removes old ones, so traffic that both sets allow never stops.
        tokio::try_join!(
            self.authorize(
                id,
                Direction::Ingress,
                permissions(&new.ingress, &old.ingress)?,
                cancel
            ),
            self.authorize(
                id,
                Direction::Egress,
                permissions(&new.egress, &old.egress)?,
                cancel
            ),
        )?;
        tokio::try_join!(
            self.revoke(
                id,
                Direction::Ingress,
                permissions(&old.ingress, &new.ingress)?,
                cancel
            ),
            self.revoke(
                id,
                Direction::Egress,
                permissions(&old.egress, &new.egress)?,
                cancel
            ),
            self.tag_ec2(id, &old.tags, &new.tags),
        )?;
        Ok(())
    }

    async fn authorize(
        &self,
        id: &str,
        direction: Direction,
        rules: Vec<IpPermission>,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        if rules.is_empty() {
            return Ok(());
        }
        let ec2 = &self.aws.ec2;
        let call = || async {
            match direction {
                Direction::Ingress => {
                    let request = ec2.authorize_security_group_ingress().group_id(id);
                    let answer = request.set_ip_permissions(Some(rules.clone())).send().await;
                    answer
                        .map(drop)
                        .map_err(Error::call("AuthorizeSecurityGroupIngress", id))
                }
                Direction::Egress => {
                    let request = ec2.authorize_security_group_egress().group_id(id);
                    let answer = request.set_ip_permissions(Some(rules.clone())).send().await;
                    answer
                        .map(drop)
                        .map_err(Error::call("AuthorizeSecurityGroupEgress", id))
                }
            }
        };
        let wait = Wait::for_propagation(id, cancel);
        wait.until_settled(call, Error::is_not_found).await
    }

    /// Revokes rules. If one of them is gone, EC2 refuses the whole call: then each rule is revoked by a call of its own.
    async fn revoke(
        &self,
        id: &str,
        direction: Direction,
        rules: Vec<IpPermission>,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        if rules.is_empty() {
            return Ok(());
        }
        let is_gone = |error: &Error| error.has_code("InvalidPermission.NotFound");
        match self.revoke_all(id, direction, rules.clone(), cancel).await {
            Err(error) if is_gone(&error) && rules.len() > 1 => {
                for rule in rules {
                    match self.revoke_all(id, direction, vec![rule], cancel).await {
                        Err(error) if !is_gone(&error) => return Err(error),
                        _ => {}
                    }
                }
                Ok(())
            }
            Err(error) if is_gone(&error) => Ok(()),
            other => other,
        }
    }

    async fn revoke_all(
        &self,
        id: &str,
        direction: Direction,
        rules: Vec<IpPermission>,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let ec2 = &self.aws.ec2;
        let call = || async {
            let rules = Some(rules.clone());
            match direction {
                Direction::Ingress => {
                    let request = ec2.revoke_security_group_ingress().group_id(id);
                    let answer = request.set_ip_permissions(rules).send().await;
                    answer
                        .map(drop)
                        .map_err(Error::call("RevokeSecurityGroupIngress", id))
                }
                Direction::Egress => {
                    let request = ec2.revoke_security_group_egress().group_id(id);
                    let answer = request.set_ip_permissions(rules).send().await;
                    answer
                        .map(drop)
                        .map_err(Error::call("RevokeSecurityGroupEgress", id))
                }
            }
        };
        let wait = Wait::for_propagation(id, cancel);
        wait.until_settled(call, |e| e.has_code("InvalidGroup.NotFound"))
            .await
    }

    /// Changes the tags of an EC2 resource.
    pub(super) async fn tag_ec2(&self, id: &str, old: &Tags, new: &Tags) -> Result<(), Error> {
        let (set, gone) = tag_changes(old, new);
        if !set.is_empty() {
            let request = self.aws.ec2.create_tags().resources(id);
            let request = request.set_tags(Some(sdk_tags!(aws_sdk_ec2, set)));
            let answer = request.send().await;
            answer.map_err(Error::call("CreateTags", id))?;
        }
        if !gone.is_empty() {
            let tags = gone.iter();
            let tags = tags.map(|key| aws_sdk_ec2::types::Tag::builder().key(key).build());
            let request = self.aws.ec2.delete_tags().resources(id);
            let answer = request.set_tags(Some(tags.collect())).send().await;
            answer.map_err(Error::call("DeleteTags", id))?;
        }
        Ok(())
    }

    pub(super) async fn delete_group(&self, id: &str, cancel: &CancelToken) -> Result<(), Error> {
        let wait = Wait {
            about: id,
            state: "released by its interfaces",
            limit: GROUP_RELEASED,
            cancel,
        };
        let delete = || async {
            let answer = self.aws.ec2.delete_security_group().group_id(id).send();
            match answer.await.map_err(Error::call("DeleteSecurityGroup", id)) {
                Ok(_) => Ok(Some(())),
                Err(error) if error.has_code("DependencyViolation") => Ok(None),
                Err(error) => Err(error),
            }
        };
        wait.until(delete).await
    }

    pub(super) async fn create_ingress(
        &self,
        new: &DatabaseIngress,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        let rule = permission(&ingress_rule(new), &new.database, ids)?;
        self.authorize(new.group.as_str(), Direction::Ingress, vec![rule], cancel)
            .await?;
        Ok(new.group.to_string())
    }

    pub(super) async fn delete_ingress(
        &self,
        old: &DatabaseIngress,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let rule = permission(&ingress_rule(old), &old.database, ids)?;
        self.revoke(old.group.as_str(), Direction::Ingress, vec![rule], cancel)
            .await
    }
}

fn ingress_rule(ingress: &DatabaseIngress) -> Rule {
    Rule {
        protocol: Protocol::Tcp,
        ports: Some(PortRange::one(ingress.port)),
        peer: Peer::Group(ingress.from.clone()),
    }
}

/// The ids of the groups that a launch names.
pub(super) fn group_ids(
    groups: &BTreeSet<GroupRef>,
    about: &str,
    ids: &Ids,
) -> Result<Vec<String>, Error> {
    groups.iter().map(|g| group_id(g, about, ids)).collect()
}

/// The id of a group that a rule or a launch names.
fn group_id(group: &GroupRef, about: &str, ids: &Ids) -> Result<String, Error> {
    match group {
        GroupRef::Named(name) => need(ids, about, Kind::SecurityGroup, name),
        GroupRef::Id(id) => Ok(id.to_string()),
    }
}

fn permission(rule: &Rule, about: &str, ids: &Ids) -> Result<IpPermission, Error> {
    let permission = IpPermission::builder()
        .ip_protocol(rule.protocol.as_str())
        .set_from_port(rule.ports.map(|ports| ports.first))
        .set_to_port(rule.ports.map(|ports| ports.last));
    let permission = match &rule.peer {
        Peer::Cidr(net) if net.contains(':') => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(net).build())
        }
        Peer::Cidr(net) => permission.ip_ranges(IpRange::builder().cidr_ip(net).build()),
        Peer::Group(group) => {
            let id = group_id(group, about, ids)?;
            permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).build())
        }
        Peer::PrefixList(id) => {
            permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).build())
        }
    };
    Ok(permission.build())
}

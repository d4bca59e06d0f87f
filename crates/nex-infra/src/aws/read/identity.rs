//! IAM roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{InstanceProfile as DescribedProfile, RoleDetail};

use super::roles::{CALL as ROLES_CALL, DescribedRole};
use super::{Found, Reader};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::model::{Document, InstanceProfile, Role};
use crate::names::Tags;

fn tags(tags: &[aws_sdk_iam::types::Tag]) -> Tags {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

impl Reader {
    /// Looks up the profiles that none of our roles lists with tags: the profile may not exist, an interrupted run may
    /// have created the profile without its role, IAM's list may have left out the tags, or the role was read by name.
    pub(super) async fn unattached_profiles(
        &self,
        roles: &[DescribedRole],
    ) -> Result<Vec<DescribedProfile>, Error> {
        let listed = |name: &String| {
            roles
                .iter()
                .flat_map(|r| r.detail.instance_profile_list())
                .any(|p| p.instance_profile_name() == name && !p.tags().is_empty())
        };
        let names = [self.names.server(), self.names.fleet()];
        let mut missing = names.into_iter().filter(|name| !listed(name));
        let (first, second) = tokio::try_join!(
            self.profile_by_name(missing.next()),
            self.profile_by_name(missing.next()),
        )?;
        Ok(first.into_iter().chain(second).collect())
    }

    async fn profile_by_name(
        &self,
        name: Option<String>,
    ) -> Result<Option<DescribedProfile>, Error> {
        let Some(name) = name else { return Ok(None) };
        let request = self.aws.iam.get_instance_profile();
        let answer = request.instance_profile_name(&name).send().await;
        let answer = if_found(answer.map_err(Error::call("GetInstanceProfile", name)))?;
        Ok(answer.and_then(|a| a.instance_profile))
    }

    pub(super) fn collect_roles(
        &self,
        roles: Vec<RoleDetail>,
        profiles: Vec<DescribedProfile>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let names = [self.names.server(), self.names.fleet()];
        let listed = roles
            .iter()
            .flat_map(|r| r.instance_profile_list())
            .filter(|p| names.iter().any(|n| p.instance_profile_name() == n));
        for profile in listed.chain(&profiles) {
            let tags = tags(profile.tags());
            let role = profile.roles().first().map(|r| r.role_name().to_owned());
            let resource = InstanceProfile {
                name: profile.instance_profile_name().to_owned(),
                role,
                tags: self.ours(tags.clone()),
            };
            found.add(resource.name.clone(), self.names.owner(&tags), resource)?;
        }
        for role in roles {
            let tags = tags(role.tags());
            let resource = self.role(role)?;
            found.add(resource.name.clone(), self.names.owner(&tags), resource)?;
        }
        Ok(())
    }

    fn role(&self, role: RoleDetail) -> Result<Role, Error> {
        let lacks = Error::lacks(ROLES_CALL, "our roles");
        let name = role.role_name.clone();
        let name = name.ok_or_else(|| lacks("a role's name"))?;
        let lacks = Error::lacks(ROLES_CALL, &name);
        let mut policies = BTreeMap::new();
        for policy in role.role_policy_list() {
            let text = policy.policy_document();
            let text = text.ok_or_else(|| lacks("a policy's document"))?;
            let key = policy.policy_name();
            let key = key.ok_or_else(|| lacks("a policy's name"))?;
            policies.insert(key.to_owned(), document(&name, text)?);
        }
        let managed: BTreeSet<String> = role
            .attached_managed_policies()
            .iter()
            .filter_map(|p| p.policy_arn().map(str::to_owned))
            .collect();
        let trust = role.assume_role_policy_document();
        let trust = trust.ok_or_else(|| lacks("a trust policy"))?;
        let boundary = role.permissions_boundary();
        let boundary = boundary.and_then(|boundary| boundary.permissions_boundary_arn());
        Ok(Role {
            trust: document(&name, trust)?,
            policies,
            managed,
            boundary: boundary.map(str::to_owned),
            tags: self.ours(tags(role.tags())),
            name,
        })
    }
}

/// IAM returns documents percent-encoded (RFC 3986).
fn document(role: &str, encoded: &str) -> Result<Document, Error> {
    let text = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    Document::parse(&text).map_err(|_| Error::Answer {
        operation: ROLES_CALL,
        about: role.to_owned(),
        missing: "a policy document in JSON",
    })
}

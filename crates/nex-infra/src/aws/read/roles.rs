//! Our roles: from one page of the account's details, and by name what that page leaves out.
//!
//! The roles of a small account fit on the page, which then replaces about twenty calls. In a large account, the number
//! of calls depends on our roles only, however many roles other teams have.

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{EntityType, PolicyDetail, RoleDetail};

use super::{Reader, join_all};
use crate::aws::Error;
use crate::aws::error::if_found;

/// The most roles on the page. A larger page takes longer to read, and rarely holds ours.
const PAGE: i32 = 100;

/// The call for the page.
pub(super) const CALL: &str = "GetAccountAuthorizationDetails";

/// A role as described, perhaps without the documents of its inline policies.
#[derive(Clone, Debug)]
pub(super) struct DescribedRole {
    pub(super) detail: RoleDetail,
    /// The inline policies whose documents the second round reads.
    unread: Vec<String>,
}

impl DescribedRole {
    fn is(&self, name: &str) -> bool {
        self.detail.role_name() == Some(name)
    }
}

impl Reader {
    pub(super) async fn roles(&self) -> Result<Vec<DescribedRole>, Error> {
        let ours = [
            self.names.server(),
            self.names.fleet(),
            self.names.snapshots(),
        ];
        let page = self.account_details().await?;
        let is_whole = page.as_ref().is_some_and(|page| !page.is_truncated);
        let details = page.and_then(|page| page.role_detail_list);
        let mut roles: Vec<DescribedRole> = details
            .unwrap_or_default()
            .into_iter()
            .map(|detail| DescribedRole {
                detail,
                unread: vec![],
            })
            .filter(|role| ours.iter().any(|name| role.is(name)))
            .collect();
        if !is_whole {
            let missing = ours
                .iter()
                .filter(|name| !roles.iter().any(|role| role.is(name)));
            let missing = join_all(missing.map(|name| self.role_by_name(name))).await?;
            roles.extend(missing.into_iter().flatten());
        }
        Ok(roles)
    }

    /// The first page of the account's details. Not everyone may read those, because they cover the roles of all teams.
    async fn account_details(&self) -> Result<Option<GetAccountAuthorizationDetailsOutput>, Error> {
        let request = self.aws.iam.get_account_authorization_details();
        let answer = request.filter(EntityType::Role).max_items(PAGE).send();
        match answer.await.map_err(Error::call(CALL, "our roles")) {
            Err(error) if error.has_code("AccessDenied") => Ok(None),
            other => other.map(Some),
        }
    }

    /// A role without the documents of its inline policies; `None` if the role does not exist.
    async fn role_by_name(&self, name: &str) -> Result<Option<DescribedRole>, Error> {
        let iam = &self.aws.iam;
        let policies = iam.list_role_policies().role_name(name);
        let managed = iam.list_attached_role_policies().role_name(name);
        let (role, policies, managed) = tokio::join!(
            iam.get_role().role_name(name).send(),
            policies.into_paginator().items().send().try_collect(),
            managed.into_paginator().items().send().try_collect(),
        );
        let role = if_found(role.map_err(Error::call("GetRole", name)))?;
        let policies = if_found(policies.map_err(Error::call("ListRolePolicies", name)))?;
        let managed = if_found(managed.map_err(Error::call("ListAttachedRolePolicies", name)))?;
        let role = role.and_then(|answer| answer.role);
        // A role can go between the calls.
        let (Some(role), Some(unread), Some(managed)) = (role, policies, managed) else {
            return Ok(None);
        };
        let detail = RoleDetail::builder()
            .role_name(role.role_name)
            .set_assume_role_policy_document(role.assume_role_policy_document)
            .set_attached_managed_policies(Some(managed))
            .set_permissions_boundary(role.permissions_boundary)
            .set_tags(role.tags)
            .build();
        Ok(Some(DescribedRole { detail, unread }))
    }

    /// The second round: reads the documents that the first one left out.
    pub(super) async fn whole_roles(
        &self,
        roles: Vec<DescribedRole>,
    ) -> Result<Vec<RoleDetail>, Error> {
        join_all(roles.into_iter().map(|role| self.whole_role(role))).await
    }

    async fn whole_role(&self, role: DescribedRole) -> Result<RoleDetail, Error> {
        let DescribedRole { mut detail, unread } = role;
        let name = detail.role_name().unwrap_or_default();
        let read = join_all(unread.iter().map(|policy| self.policy(name, policy))).await?;
        if !read.is_empty() {
            detail.role_policy_list = Some(read.into_iter().flatten().collect());
        }
        Ok(detail)
    }

    async fn policy(&self, role: &str, name: &str) -> Result<Option<PolicyDetail>, Error> {
        let request = self.aws.iam.get_role_policy();
        let answer = request.role_name(role).policy_name(name).send().await;
        let answer = if_found(answer.map_err(Error::call("GetRolePolicy", role)))?;
        Ok(answer.map(|answer| {
            PolicyDetail::builder()
                .policy_name(answer.policy_name)
                .policy_document(answer.policy_document)
                .build()
        }))
    }
}

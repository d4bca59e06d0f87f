//! IAM roles and instance profiles.

use aws_sdk_iam::types::Tag;
use futures_util::future::try_join_all;
use nex_plan::CancelToken;

use super::{Writer, tag_changes};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::retry::Wait;
use crate::model::{Document, InstanceProfile, Role};
use crate::names::Tags;

/// The code of IAM for a role or a profile that something still uses.
const CONFLICT: &str = "DeleteConflict";

fn iam_tags(tags: &Tags, about: &str) -> Result<Vec<Tag>, Error> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<Tag>, _> = tags.iter().map(tag).collect();
    tags.map_err(|_| Error::Missing {
        about: about.to_owned(),
        missing: "a tag's key or value".into(),
    })
}

impl Writer {
    pub(super) async fn create_role(&self, new: &Role) -> Result<String, Error> {
        let request = self.aws.iam.create_role();
        request
            .role_name(&new.name)
            .assume_role_policy_document(new.trust.to_string())
            .set_tags(Some(iam_tags(&new.tags, &new.name)?))
            .send()
            .await
            .map_err(Error::call("CreateRole", &new.name))?;
        let bare = Role {
            policies: Default::default(),
            managed: Default::default(),
            ..new.clone()
        };
        self.update_role(&bare, new).await?;
        Ok(new.name.clone())
    }

    pub(super) async fn update_role(&self, old: &Role, new: &Role) -> Result<(), Error> {
        let name = &new.name;
        if old.trust != new.trust {
            let request = self.aws.iam.update_assume_role_policy().role_name(name);
            let answer = request.policy_document(new.trust.to_string()).send().await;
            answer.map_err(Error::call("UpdateAssumeRolePolicy", name))?;
        }
        let put = new
            .policies
            .iter()
            .filter(|(key, document)| old.policies.get(*key) != Some(document))
            .map(|(key, document)| self.put_role_policy(name, key, document));
        let attach = new.managed.difference(&old.managed);
        let attach = attach.map(|arn| self.attach(name, arn));
        tokio::try_join!(try_join_all(put), try_join_all(attach))?;
        let gone = old.policies.keys();
        let gone = gone.filter(|key| !new.policies.contains_key(*key));
        let gone = gone.map(|key| self.delete_role_policy(name, key));
        let detach = old.managed.difference(&new.managed);
        let detach = detach.map(|arn| self.detach(name, arn));
        tokio::try_join!(
            try_join_all(gone),
            try_join_all(detach),
            self.tag_role(name, &old.tags, &new.tags)
        )?;
        Ok(())
    }

    async fn put_role_policy(
        &self,
        role: &str,
        policy: &str,
        document: &Document,
    ) -> Result<(), Error> {
        let request = self.aws.iam.put_role_policy();
        let request = request.role_name(role).policy_name(policy);
        let answer = request.policy_document(document.to_string()).send().await;
        answer
            .map(drop)
            .map_err(Error::call("PutRolePolicy", format!("{role}/{policy}")))
    }

    async fn delete_role_policy(&self, role: &str, policy: &str) -> Result<(), Error> {
        let request = self.aws.iam.delete_role_policy();
        let answer = request.role_name(role).policy_name(policy).send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeleteRolePolicy", format!("{role}/{policy}")))
    }

    async fn attach(&self, role: &str, arn: &str) -> Result<(), Error> {
        let request = self.aws.iam.attach_role_policy();
        let answer = request.role_name(role).policy_arn(arn).send().await;
        answer
            .map(drop)
            .map_err(Error::call("AttachRolePolicy", format!("{role} {arn}")))
    }

    async fn detach(&self, role: &str, arn: &str) -> Result<(), Error> {
        let request = self.aws.iam.detach_role_policy();
        let answer = request.role_name(role).policy_arn(arn).send().await;
        answer
            .map(drop)
            .map_err(Error::call("DetachRolePolicy", format!("{role} {arn}")))
    }

    pub(super) async fn tag_role(&self, role: &str, old: &Tags, new: &Tags) -> Result<(), Error> {
        let (set, gone) = tag_changes(old, new);
        if !set.is_empty() {
            let request = self.aws.iam.tag_role().role_name(role);
            let answer = request.set_tags(Some(iam_tags(&set, role)?)).send().await;
            answer.map_err(Error::call("TagRole", role))?;
        }
        if !gone.is_empty() {
            let request = self.aws.iam.untag_role().role_name(role);
            let answer = request.set_tag_keys(Some(gone)).send().await;
            answer.map_err(Error::call("UntagRole", role))?;
        }
        Ok(())
    }

    pub(super) async fn delete_role(&self, old: &Role, cancel: &CancelToken) -> Result<(), Error> {
        let name = &old.name;
        // What was read may be from the past: a part that is gone does not mean that the role is gone.
        let policies = old.policies.keys();
        let policies = policies.map(async |key| if_found(self.delete_role_policy(name, key).await));
        let managed = old.managed.iter();
        let managed = managed.map(async |arn| if_found(self.detach(name, arn).await));
        tokio::try_join!(try_join_all(policies), try_join_all(managed))?;
        let call = || async {
            let answer = self.aws.iam.delete_role().role_name(name).send().await;
            answer.map(drop).map_err(Error::call("DeleteRole", name))
        };
        let wait = Wait::for_release(name, cancel);
        wait.until_settled(call, |e| e.has_code(CONFLICT)).await
    }

    pub(super) async fn create_profile(&self, new: &InstanceProfile) -> Result<String, Error> {
        let request = self.aws.iam.create_instance_profile();
        request
            .instance_profile_name(&new.name)
            .set_tags(Some(iam_tags(&new.tags, &new.name)?))
            .send()
            .await
            .map_err(Error::call("CreateInstanceProfile", &new.name))?;
        self.add_role(new).await?;
        Ok(new.name.clone())
    }

    async fn add_role(&self, profile: &InstanceProfile) -> Result<(), Error> {
        let Some(role) = &profile.role else {
            return Ok(());
        };
        let request = self.aws.iam.add_role_to_instance_profile();
        let request = request.instance_profile_name(&profile.name);
        let answer = request.role_name(role).send().await;
        answer
            .map(drop)
            .map_err(Error::call("AddRoleToInstanceProfile", &profile.name))
    }

    async fn remove_role(&self, profile: &InstanceProfile) -> Result<(), Error> {
        let Some(role) = &profile.role else {
            return Ok(());
        };
        let request = self.aws.iam.remove_role_from_instance_profile();
        let request = request.instance_profile_name(&profile.name);
        let answer = request.role_name(role).send().await;
        answer
            .map(drop)
            .map_err(Error::call("RemoveRoleFromInstanceProfile", &profile.name))
    }

    pub(super) async fn update_profile(
        &self,
        old: &InstanceProfile,
        new: &InstanceProfile,
    ) -> Result<(), Error> {
        // A profile holds one role at a time.
        if old.role != new.role {
            self.remove_role(old).await?;
            self.add_role(new).await?;
        }
        self.tag_profile(&new.name, &old.tags, &new.tags).await
    }

    pub(super) async fn tag_profile(
        &self,
        name: &str,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), Error> {
        let (set, gone) = tag_changes(old, new);
        if !set.is_empty() {
            let request = self.aws.iam.tag_instance_profile();
            let request = request.instance_profile_name(name);
            let answer = request.set_tags(Some(iam_tags(&set, name)?)).send().await;
            answer.map_err(Error::call("TagInstanceProfile", name))?;
        }
        if !gone.is_empty() {
            let request = self.aws.iam.untag_instance_profile();
            let request = request.instance_profile_name(name);
            let answer = request.set_tag_keys(Some(gone)).send().await;
            answer.map_err(Error::call("UntagInstanceProfile", name))?;
        }
        Ok(())
    }

    pub(super) async fn delete_profile(
        &self,
        old: &InstanceProfile,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        if_found(self.remove_role(old).await)?;
        let call = || async {
            let request = self.aws.iam.delete_instance_profile();
            let answer = request.instance_profile_name(&old.name).send().await;
            answer
                .map(drop)
                .map_err(Error::call("DeleteInstanceProfile", &old.name))
        };
        let wait = Wait::for_release(&old.name, cancel);
        wait.until_settled(call, |e| e.has_code(CONFLICT)).await
    }
}

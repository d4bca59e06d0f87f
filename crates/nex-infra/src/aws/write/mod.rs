//! Changes an environment: each step changes one resource.
//!
//! Every create call contains the tags, and the idempotency token if the API has one. If the API has no token, nex does
//! not repeat a call without an answer: the next read finds what the call created.

mod auto_scaling;
mod bucket;
mod elastic_ip;
mod identity;
mod instance;
mod launch_template;
mod log_group;
mod secret;
mod security_group;
mod snapshots;
mod token;
mod volume;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use nex_plan::CancelToken;
use secrecy::SecretString;
use serde::Serialize;

use self::elastic_ip::Reassociation;
use super::codes::Condition;
use super::{Aws, Error};
use crate::model::{DesiredResource, Key, Kind, ResourceState};
use crate::names::Tags;
use crate::ports::{CloudWriter, Contents, Ids};

/// Values that the spec refers to, by the name of the secret that gets the value.
pub type SuppliedSecrets = BTreeMap<String, SecretString>;

/// Changes one deployment.
#[derive(Debug)]
pub struct Writer {
    aws: Arc<Aws>,
    deployment: String,
    supplied: SuppliedSecrets,
    /// Versions of launch templates that this run created: reads of them lag behind.
    versions: Mutex<BTreeMap<String, i64>>,
}

impl Writer {
    /// A writer for `deployment`, with the values of secrets that the spec refers to.
    pub fn new(aws: Arc<Aws>, deployment: impl Into<String>, supplied: SuppliedSecrets) -> Self {
        Self {
            aws,
            deployment: deployment.into(),
            supplied,
            versions: Mutex::default(),
        }
    }

    /// The idempotency token of a call about `key`.
    fn token(&self, key: &Key, parameters: &impl Serialize) -> Result<String, Error> {
        token::token(&self.deployment, key, parameters)
    }
}

/// The id of a resource that a step needs.
fn need(ids: &Ids, about: &str, kind: Kind, name: &str) -> Result<String, Error> {
    let key = Key::new(kind, name);
    ids.get(&key).ok_or_else(|| Error::Missing {
        about: about.to_owned(),
        missing: key.resource_id().to_string(),
    })
}

/// The tags to set, and the keys of the tags to remove, for `old` to become `new`.
fn tag_changes<'a>(old: &'a Tags, new: &'a Tags) -> (Tags, Vec<String>) {
    let set = new.iter().filter(|(k, v)| old.get(*k) != Some(v));
    let gone = old.keys().filter(|k| !new.contains_key(*k));
    (
        set.map(|(k, v)| (k.clone(), v.clone())).collect(),
        gone.cloned().collect(),
    )
}

/// Converts our tags into a service's type. Each service has its own type with the same builder.
macro_rules! sdk_tags {
    ($service:ident, $tags:expr) => {
        $tags
            .iter()
            .map(|(key, value)| {
                $service::types::Tag::builder()
                    .key(key)
                    .value(value)
                    .build()
            })
            .collect::<Vec<_>>()
    };
}
use sdk_tags;

/// The state of a resource as that of `$kind`. The diff pairs resources of one kind only.
macro_rules! same_kind {
    ($old:ident, $kind:ident) => {
        match $old {
            ResourceState::$kind(old) => old,
            other => return Err(unchangeable(&other.key(), "the kinds differ")),
        }
    };
}

fn unchangeable(key: &Key, why: &'static str) -> Error {
    Error::Unchangeable {
        about: key.resource_id().to_string(),
        why,
    }
}

/// A resource that no longer exists counts as deleted.
fn unless_gone(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error)
            if error.is_not_found()
                || error.is(Condition::NoSuchScalingGroup)
                || error.is(Condition::SecretIsDeleted) =>
        {
            Ok(())
        }
        other => other,
    }
}

impl CloudWriter for Writer {
    type Error = Error;

    async fn create(
        &self,
        new: &DesiredResource,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        use DesiredResource as D;
        match new {
            D::SecurityGroup(new) => self.create_group(new, ids, cancel).await,
            D::DatabaseIngress(new) => self.create_ingress(new, ids, cancel).await,
            D::IamRole(new) => self.create_role(new).await,
            D::InstanceProfile(new) => self.create_profile(new).await,
            D::S3Bucket(new) => self.create_bucket(new, cancel).await,
            D::Secret(new) => self.create_secret(new, cancel).await,
            D::LogGroup(new) => self.create_log_group(new).await,
            D::ElasticIp(new) => self.allocate_address(new).await,
            D::Instance(new) => self.create_instance(new, ids, cancel).await,
            D::Volume(new) => self.find_volume(new, ids, cancel).await,
            D::ElasticIpAssociation(new) => {
                self.associate(new, Reassociation::Refuse, ids, cancel)
                    .await
            }
            D::SnapshotPolicy(new) => self.create_snapshot_policy(new, cancel).await,
            D::LaunchTemplate(new) => self.create_template(new, ids).await,
            D::AutoScalingGroup(new) => self.create_scaling_group(new, cancel).await,
            D::LifecycleHook(new) => self.put_hook(new).await,
            D::ScalingPolicy(new) => self.put_scaling_policy(new).await,
        }
    }

    async fn update(
        &self,
        id: &str,
        old: &ResourceState,
        new: &DesiredResource,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        use DesiredResource as D;
        match new {
            D::SecurityGroup(new) => {
                let old = same_kind!(old, SecurityGroup);
                Box::pin(self.update_group(id, old, new, ids, cancel)).await
            }
            D::DatabaseIngress(_) => Err(unchangeable(&new.key(), "a rule is replaced as a whole")),
            D::IamRole(new) => self.update_role(same_kind!(old, IamRole), new).await,
            D::InstanceProfile(new) => {
                let old = same_kind!(old, InstanceProfile);
                self.update_profile(old, new).await
            }
            D::S3Bucket(new) => self.update_bucket(same_kind!(old, S3Bucket), new).await,
            D::Secret(new) => self.update_secret(id, same_kind!(old, Secret), new).await,
            D::LogGroup(new) => {
                self.update_log_group(id, same_kind!(old, LogGroup), new)
                    .await
            }
            D::ElasticIp(new) => {
                let old = same_kind!(old, ElasticIp);
                self.tag_ec2(id, &old.tags, &new.tags).await
            }
            D::Instance(new) => {
                let old = same_kind!(old, Instance);
                self.update_instance(id, old, &new.instance, ids, cancel)
                    .await
            }
            D::Volume(new) => self.update_volume(id, same_kind!(old, Volume), new).await,
            D::ElasticIpAssociation(new) => self
                .associate(new, Reassociation::Allow, ids, cancel)
                .await
                .map(drop),
            D::SnapshotPolicy(new) => {
                let old = same_kind!(old, SnapshotPolicy);
                self.update_snapshot_policy(id, old, new).await
            }
            D::LaunchTemplate(new) => {
                let old = same_kind!(old, LaunchTemplate);
                self.update_template(id, old, new, ids).await
            }
            D::AutoScalingGroup(new) => {
                let old = same_kind!(old, AutoScalingGroup);
                self.update_scaling_group(old, new, cancel).await
            }
            D::LifecycleHook(new) => self.put_hook(new).await.map(drop),
            D::ScalingPolicy(new) => self.put_scaling_policy(new).await.map(drop),
        }
    }

    async fn delete(
        &self,
        id: &str,
        old: &ResourceState,
        contents: Contents,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        use ResourceState as S;
        unless_gone(match old {
            S::SecurityGroup(_) => self.delete_group(id, cancel).await,
            S::DatabaseIngress(old) => self.delete_ingress(old, ids, cancel).await,
            S::IamRole(old) => self.delete_role(old, cancel).await,
            S::InstanceProfile(old) => self.delete_profile(old, cancel).await,
            S::S3Bucket(old) => self.delete_bucket(&old.name, contents, cancel).await,
            S::Secret(old) => self.delete_secret(id, old).await,
            S::LogGroup(old) => self.delete_log_group(&old.name).await,
            S::ElasticIp(_) => self.release_address(id).await,
            S::Instance(old) => self.terminate_instance(id, old, cancel).await,
            S::Volume(_) => self.delete_volume(id, cancel).await,
            S::ElasticIpAssociation(_) => self.disassociate(id).await,
            S::SnapshotPolicy(_) => self.delete_snapshot_policy(id).await,
            S::LaunchTemplate(_) => self.delete_template(id).await,
            S::AutoScalingGroup(old) => self.delete_scaling_group(&old.name, cancel).await,
            S::LifecycleHook(old) => self.delete_hook(old).await,
            S::ScalingPolicy(old) => self.delete_scaling_policy(old).await,
        })
    }

    async fn retag(&self, id: &str, old: &ResourceState, tags: &Tags) -> Result<(), Error> {
        use ResourceState as S;
        match old {
            S::SecurityGroup(old) => self.tag_ec2(id, &old.tags, tags).await,
            S::IamRole(old) => self.tag_role(&old.name, &old.tags, tags).await,
            S::InstanceProfile(old) => self.tag_profile(&old.name, &old.tags, tags).await,
            S::S3Bucket(old) => self.put_bucket_tags(&old.name, tags).await,
            S::Secret(old) => self.tag_secret(id, &old.name, &old.tags, tags).await,
            S::LogGroup(old) => self.tag_log_group(id, &old.name, &old.tags, tags).await,
            S::ElasticIp(old) => self.tag_ec2(id, &old.tags, tags).await,
            S::Instance(old) => self.tag_ec2(id, &old.tags, tags).await,
            S::Volume(old) => self.tag_ec2(id, &old.tags, tags).await,
            S::SnapshotPolicy(old) => self.tag_snapshot_policy(id, old, &old.tags, tags).await,
            S::LaunchTemplate(old) => self.tag_ec2(id, &old.tags, tags).await,
            S::AutoScalingGroup(old) => self.tag_group(&old.name, &old.tags, tags).await,
            S::DatabaseIngress(_)
            | S::ElasticIpAssociation(_)
            | S::LifecycleHook(_)
            | S::ScalingPolicy(_) => Err(unchangeable(&old.key(), "it has no tags of its own")),
        }
    }
}

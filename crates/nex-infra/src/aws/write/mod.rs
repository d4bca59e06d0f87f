//! Changes an environment, one resource a step.
//!
//! Every create carries its tags, and its idempotency token where the API has one, in the same call. Where it has none,
//! a lost answer is not tried again: the next read finds what was made.

mod identity;
mod retry;
mod scaling;
mod server;
mod snapshots;
mod storage;
mod traffic;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{Aws, Error};
use crate::io::{Ids, Write};
use crate::model::{Key, Kind, Resource};
use crate::names::Tags;

/// Values of secrets that the spec refers to, by the name of the secret that takes them.
pub type Given = BTreeMap<String, SecretString>;

/// Changes one environment.
#[derive(Debug)]
pub struct Writer {
    aws: Arc<Aws>,
    environment: String,
    given: Given,
    /// Versions of launch templates that this run made: what reads show of them lags behind.
    versions: Mutex<BTreeMap<String, i64>>,
}

impl Writer {
    /// A writer for `environment`, with the values of secrets that the spec refers to.
    pub fn new(aws: Arc<Aws>, environment: impl Into<String>, given: Given) -> Self {
        Self {
            aws,
            environment: environment.into(),
            given,
            versions: Mutex::default(),
        }
    }

    /// An idempotency token: the same for the same step of the same environment, whoever asks, whenever.
    fn token(&self, key: &Key, what: impl std::fmt::Debug) -> String {
        let text = format!("{}/{}/{what:?}", self.environment, key.resource_id());
        hex::encode(Sha256::digest(text))
    }
}

/// The id of what a step needs.
fn need(ids: &Ids, about: &str, kind: Kind, name: &str) -> Result<String, Error> {
    let key = Key::new(kind, name);
    ids.get(&key).ok_or_else(|| Error::Missing {
        about: about.to_owned(),
        missing: key.resource_id().to_string(),
    })
}

/// What to set and what to take away for `old` to become `new`.
fn tag_changes<'a>(old: &'a Tags, new: &'a Tags) -> (Tags, Vec<String>) {
    let set = new.iter().filter(|(k, v)| old.get(*k) != Some(v));
    let gone = old.keys().filter(|k| !new.contains_key(*k));
    (
        set.map(|(k, v)| (k.clone(), v.clone())).collect(),
        gone.cloned().collect(),
    )
}

/// Makes a request's tags from ours; every service has a type of its own with the same builder.
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

/// Both sides of an update are of one kind: the key says so.
fn mixed(new: &Resource) -> Error {
    Error::Unchangeable {
        about: new.key().resource_id().to_string(),
        why: "it is of another kind now",
    }
}

impl Write for Writer {
    type Error = Error;

    async fn create(&self, resource: &Resource, ids: &Ids) -> Result<String, Error> {
        match resource {
            Resource::SecurityGroup(new) => self.create_group(new, ids).await,
            Resource::DatabaseIngress(new) => self.create_ingress(new, ids).await,
            Resource::IamRole(new) => self.create_role(new).await,
            Resource::InstanceProfile(new) => self.create_profile(new).await,
            Resource::S3Bucket(new) => self.create_bucket(new).await,
            Resource::Secret(new) => self.create_secret(new).await,
            Resource::LogGroup(new) => self.create_log_group(new).await,
            Resource::ElasticIp(new) => self.create_address(new).await,
            Resource::Instance(new) => self.create_instance(new, ids).await,
            Resource::Volume(new) => self.find_volume(new, ids).await,
            Resource::ElasticIpAssociation(new) => self.associate(new, ids, false).await,
            Resource::SnapshotPolicy(new) => self.create_snapshot_policy(new).await,
            Resource::LaunchTemplate(new) => self.create_template(new, ids).await,
            Resource::AutoScalingGroup(new) => self.create_scaling_group(new).await,
            Resource::LifecycleHook(new) => self.put_hook(new).await,
            Resource::ScalingPolicy(new) => self.put_scaling_policy(new).await,
        }
    }

    async fn update(
        &self,
        id: &str,
        old: &Resource,
        new: &Resource,
        ids: &Ids,
    ) -> Result<(), Error> {
        use Resource as R;
        match (old, new) {
            (R::SecurityGroup(old), R::SecurityGroup(new)) => {
                self.update_group(id, old, new, ids).await
            }
            (R::IamRole(old), R::IamRole(new)) => self.update_role(old, new).await,
            (R::InstanceProfile(old), R::InstanceProfile(new)) => {
                self.update_profile(old, new).await
            }
            (R::S3Bucket(old), R::S3Bucket(new)) => self.update_bucket(old, new).await,
            (R::Secret(old), R::Secret(new)) => self.update_secret(id, old, new).await,
            (R::LogGroup(old), R::LogGroup(new)) => self.update_log_group(id, old, new).await,
            (R::ElasticIp(old), R::ElasticIp(new)) => self.tag_ec2(id, &old.tags, &new.tags).await,
            (R::Instance(old), R::Instance(new)) => self.update_instance(id, old, new, ids).await,
            (R::Volume(old), R::Volume(new)) => self.update_volume(id, old, new).await,
            (R::ElasticIpAssociation(_), R::ElasticIpAssociation(new)) => {
                self.associate(new, ids, true).await.map(drop)
            }
            (R::SnapshotPolicy(old), R::SnapshotPolicy(new)) => {
                self.update_snapshot_policy(id, old, new).await
            }
            (R::LaunchTemplate(old), R::LaunchTemplate(new)) => {
                self.update_template(id, old, new, ids).await
            }
            (R::AutoScalingGroup(old), R::AutoScalingGroup(new)) => {
                self.update_scaling_group(old, new).await
            }
            (R::LifecycleHook(_), R::LifecycleHook(new)) => self.put_hook(new).await.map(drop),
            (R::ScalingPolicy(_), R::ScalingPolicy(new)) => {
                self.put_scaling_policy(new).await.map(drop)
            }
            (_, new) => Err(mixed(new)),
        }
    }

    async fn delete(&self, id: &str, old: &Resource, ids: &Ids) -> Result<(), Error> {
        let result = match old {
            Resource::SecurityGroup(_) => self.delete_group(id).await,
            Resource::DatabaseIngress(old) => self.delete_ingress(old, ids).await,
            Resource::IamRole(old) => self.delete_role(old).await,
            Resource::InstanceProfile(old) => self.delete_profile(old).await,
            Resource::S3Bucket(old) => self.delete_bucket(&old.name).await,
            Resource::Secret(_) => self.delete_secret(id).await,
            Resource::LogGroup(old) => self.delete_log_group(&old.name).await,
            Resource::ElasticIp(_) => self.release_address(id).await,
            Resource::Instance(old) => self.terminate_instance(id, old).await,
            Resource::Volume(_) => self.delete_volume(id).await,
            Resource::ElasticIpAssociation(_) => self.disassociate(id).await,
            Resource::SnapshotPolicy(_) => self.delete_snapshot_policy(id).await,
            Resource::LaunchTemplate(_) => self.delete_template(id).await,
            Resource::AutoScalingGroup(old) => self.delete_scaling_group(&old.name).await,
            Resource::LifecycleHook(old) => self.delete_hook(old).await,
            Resource::ScalingPolicy(old) => self.delete_scaling_policy(old).await,
        };
        match result {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }
}

//! The border between the pure part and AWS: reading and writing are separate, so that a dry run never has a writer.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use nex_plan::{CancelToken, CloudError};

use crate::facts::{Capacity, Facts};
use crate::model::{DesiredResource, Key, Observed, Owner, ResourceState};
use crate::names::Tags;

/// AWS as it was read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What is looked up.
    pub facts: Facts,
    /// What exists under the environment's names and tags.
    pub observed: Observed,
}

impl Snapshot {
    /// The server's Elastic IP address, once nex has allocated it.
    pub fn address(&self) -> Option<Ipv4Addr> {
        let ours = self.observed.values().filter(|e| e.owner == Owner::Nex);
        let mut addresses = ours.filter_map(|existing| match &existing.state {
            ResourceState::ElasticIp(address) => Some(address.public_ip),
            _ => None,
        });
        addresses.next()
    }
}

/// Reads AWS.
pub trait CloudReader: Send + Sync {
    /// Why a read fails.
    type Error: CloudError;

    /// Everything that the environment's names and tags determine.
    fn snapshot(&self) -> impl Future<Output = Result<Snapshot, Self::Error>> + Send;

    /// The account's quotas and their use.
    fn capacity(&self) -> impl Future<Output = Result<Capacity, Self::Error>> + Send;
}

/// Changes AWS. Each method does one whole step and is safe to repeat. When `cancel` is cancelled, a wait ends with an error
/// of the kind [`ErrorKind::Cancelled`](nex_plan::ErrorKind::Cancelled); a call that is under way ends by itself.
pub trait CloudWriter: Send + Sync + 'static {
    /// Why a step fails.
    type Error: CloudError;

    /// Creates a resource, with its tags and idempotency token in the same call, and returns the id.
    fn create(
        &self,
        new: &DesiredResource,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// Changes the resource `id` from `old` to `new`.
    fn update(
        &self,
        id: &str,
        old: &ResourceState,
        new: &DesiredResource,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deletes the resource `id`. A resource that is gone already is not an error.
    fn delete(
        &self,
        id: &str,
        old: &ResourceState,
        contents: Contents,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Sets the tags of the resource `id`, and changes nothing else.
    fn retag(
        &self,
        id: &str,
        old: &ResourceState,
        tags: &Tags,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What happens to the contents of a resource that is deleted, such as the objects of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The contents stay: AWS refuses to delete a resource that has some.
    Keep,
    /// The contents are deleted: the operator allowed that by name.
    Purge,
}

/// The ids of the resources that exist. Steps add ids as they create resources.
#[derive(Debug, Default)]
pub struct Ids(Mutex<BTreeMap<Key, String>>);

impl Ids {
    /// The ids of the observed resources.
    pub fn of(observed: &Observed) -> Self {
        let ids = observed
            .iter()
            .map(|(key, existing)| (key.clone(), existing.id.clone()));
        Self(Mutex::new(ids.collect()))
    }

    /// The id of `key`, if it is known.
    pub fn get(&self, key: &Key) -> Option<String> {
        let ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.get(key).cloned()
    }

    /// Records the id of `key`.
    pub fn set(&self, key: Key, id: String) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.insert(key, id);
    }
}

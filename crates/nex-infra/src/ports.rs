//! The traits between the pure part and a cloud. Reading and writing are separate, so that a dry run has no writer.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use nex_plan::{CancelToken, CloudError};

use crate::facts::{Capacity, Facts};
use crate::model::{DesiredResource, Key, Observed, Owner, ResourceState};
use crate::names::Tags;

/// What one read of a cloud returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The facts that were looked up.
    pub facts: Facts,
    /// The resources that exist under the environment's names and tags.
    pub observed: Observed,
    /// The identities that several resources without nex's tags have names for, each with the ids of all of them;
    /// `observed` holds one of them.
    pub rivals: BTreeMap<Key, BTreeSet<String>>,
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

/// Reads a cloud.
pub trait CloudReader: Send + Sync {
    /// Why a read fails.
    type Error: CloudError;

    /// Reads the facts and all resources under the environment's names and tags.
    ///
    /// # Errors
    /// The error of the first call that failed.
    fn snapshot(&self) -> impl Future<Output = Result<Snapshot, Self::Error>> + Send;

    /// Reads the account's quotas and their use.
    ///
    /// # Errors
    /// The error of the first call that failed.
    fn capacity(&self) -> impl Future<Output = Result<Capacity, Self::Error>> + Send;
}

/// What happens to the contents of a resource that is deleted, such as a bucket's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The contents stay: the cloud refuses to delete a bucket that is not empty.
    Keep,
    /// The contents are deleted, too: the operator named the resource.
    Purge,
}

/// Changes a cloud. Each method executes one whole step and is safe to repeat.
///
/// When `cancel` is cancelled, a wait ends with an error of the kind [`nex_plan::ErrorKind::Cancelled`]; a running call
/// continues to its end.
pub trait CloudWriter: Send + Sync + 'static {
    /// Why a step fails.
    type Error: CloudError;

    /// Creates `new`, with tags and idempotency token in the same call, and returns the id.
    ///
    /// # Errors
    /// The error of the call that failed.
    fn create(
        &self,
        new: &DesiredResource,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// Changes the resource with this id from `old` to `new`.
    ///
    /// # Errors
    /// The error of the call that failed.
    fn update(
        &self,
        id: &str,
        old: &ResourceState,
        new: &DesiredResource,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deletes the resource with this id. A resource that no longer exists is not an error.
    ///
    /// # Errors
    /// The error of the call that failed.
    fn delete(
        &self,
        id: &str,
        old: &ResourceState,
        contents: Contents,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Sets the tags of the resource with this id, and changes nothing else.
    ///
    /// # Errors
    /// The error of the call that failed.
    fn retag(
        &self,
        id: &str,
        old: &ResourceState,
        tags: &Tags,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The ids of the resources that exist. Each step that creates a resource adds an id.
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

    /// The id of `key`, once it is known.
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

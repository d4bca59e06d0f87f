//! The border between the pure part and a cloud: reading and writing are separate, so that a dry run holds no writer.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use nex_plan::Class;

use crate::facts::{Capacity, Facts};
use crate::model::{Key, Observed, Owner, Resource};

/// What was read of a cloud at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// What is looked up.
    pub facts: Facts,
    /// What is there under our names and tags.
    pub observed: Observed,
}

impl World {
    /// The server's Elastic IP address, once nex has allocated it.
    pub fn address(&self) -> Option<Ipv4Addr> {
        let ours = self.observed.values().filter(|e| e.owner == Owner::Nex);
        let mut addresses = ours.filter_map(|existing| match &existing.resource {
            Resource::ElasticIp(address) => address.public_ip.as_deref()?.parse().ok(),
            _ => None,
        });
        addresses.next()
    }
}

/// An error of a cloud, classified.
pub trait Failure: StdError + Send + Sync + 'static {
    /// What it means for what comes next.
    fn class(&self) -> Class;
}

/// Reads a cloud.
pub trait Read: Sync {
    /// Why a read fails.
    type Error: Failure;

    /// All that the environment's names and tags determine.
    fn world(&self) -> impl Future<Output = Result<World, Self::Error>> + Send;

    /// The account's quotas and what uses them.
    fn capacity(&self) -> impl Future<Output = Result<Capacity, Self::Error>> + Send;
}

/// Changes a cloud. Each method does the whole of one step and is safe to do again.
pub trait Write: Send + Sync + 'static {
    /// Why a step fails.
    type Error: Failure;

    /// Makes `resource`, with tags and idempotency token in the same call, and gives its id.
    fn create(
        &self,
        resource: &Resource,
        ids: &Ids,
    ) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// Changes what `id` names from `old` to `new`.
    fn update(
        &self,
        id: &str,
        old: &Resource,
        new: &Resource,
        ids: &Ids,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deletes what `id` names. What is gone already is no error.
    fn delete(
        &self,
        id: &str,
        old: &Resource,
        ids: &Ids,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The ids of the resources that are there, growing as steps end.
#[derive(Debug, Default)]
pub struct Ids(Mutex<BTreeMap<Key, String>>);

impl Ids {
    /// The ids of what was observed.
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

    /// Notes the id of `key`.
    pub fn set(&self, key: Key, id: String) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.insert(key, id);
    }
}

//! Reads the whole environment in two rounds of parallel calls.
//!
//! The first round needs only the environment's names. The second round needs ids from the first. When all resources
//! exist, both rounds together make about 30 calls.
//!
//! Other teams' resources do not add to that: every list is filtered by our names or tags, and where AWS has no such
//! filter, nex reads one page and looks up by name what that page leaves out.

mod auto_scaling;
mod bucket;
mod elastic_ip;
mod identity;
mod inspection;
mod instance;
mod launch_template;
mod lookups;
mod machines;
mod quotas;
mod roles;
mod security_group;
mod snapshots;
mod storage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use instance::{root_mapping_of, root_volume};
pub(super) use security_group::rules;

use aws_sdk_ec2::types::Filter;
use lookups::filter;

use super::{Aws, Error};
use crate::facts::Capacity;
use crate::ids::SecurityGroupId;
use crate::model::{GroupRef, Key, Kind, Observed, ObservedResource, Owner, ResourceState};
use crate::names::{
    Buckets, COMPONENT, DEPLOYMENT, ENVIRONMENT, MANAGED_BY, Names, SNAPSHOT, Tags,
};
use crate::ports::{CloudReader, Snapshot};
use crate::spec::Spec;

/// Reads one environment.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) aws: Arc<Aws>,
    pub(super) names: Names,
    pub(super) spec: Spec,
    pub(super) buckets: Buckets,
    adopting: Option<(Kind, String)>,
}

impl Reader {
    /// A reader of the environment that `spec` and `names` determine.
    pub fn new(aws: Arc<Aws>, spec: &Spec, names: &Names) -> Self {
        Self {
            aws,
            names: names.clone(),
            spec: spec.clone(),
            buckets: names.buckets(spec),
            adopting: None,
        }
    }

    /// The same reader, except that it finds the resource of `kind` by `id` instead of by our tag `Name`.
    #[must_use]
    pub fn adopting(mut self, kind: Kind, id: &str) -> Self {
        self.adopting = Some((kind, id.to_owned()));
        self
    }

    /// Finds the one resource of `kind`: by the id to adopt, or by our tag `Name`.
    fn by_id_or_name(&self, kind: Kind, id_filter: &str) -> Filter {
        match &self.adopting {
            Some((adopted, id)) if *adopted == kind => filter(id_filter, [id]),
            _ => filter("tag:Name", [self.names.server()]),
        }
    }

    /// Whether tags from a service that may lag behind equal nex's tags. If not, nex reads the resource itself.
    fn is_settled(&self, tags: &Tags) -> bool {
        let mut asked = self.spec.tags.iter();
        self.names.own(tags) && asked.all(|(key, value)| tags.get(key) == Some(value))
    }

    /// The tags that nex manages. Others may add tags, such as a company's cost tags.
    fn ours(&self, tags: Tags) -> Tags {
        let known = [
            MANAGED_BY,
            DEPLOYMENT,
            ENVIRONMENT,
            COMPONENT,
            SNAPSHOT,
            "Name",
        ];
        tags.into_iter()
            .filter(|(key, _)| known.contains(&key.as_str()) || self.spec.tags.contains_key(key))
            .collect()
    }
}

/// Two living resources claim to be the one with this key.
fn ambiguous<'a>(key: &Key, ids: impl IntoIterator<Item = &'a str>) -> Error {
    let mut ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    ids.sort();
    Error::Ambiguous {
        kind: key.kind,
        name: key.name.clone(),
        ids,
    }
}

/// The resources found so far.
#[derive(Debug, Default)]
struct Found {
    observed: Observed,
    /// The ids of the resources without our tags, by the identity that they have a name for.
    unclaimed: BTreeMap<Key, BTreeSet<String>>,
}

/// Which of two resources with one name counts: ours, then the one that we may take over.
fn rank(owner: &Owner) -> u8 {
    match owner {
        Owner::Nex => 0,
        Owner::Other => 1,
        Owner::Deployment(_) => 2,
    }
}

impl Found {
    /// Adds a resource. Of two resources with one name, ours counts.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] if both are ours: nex never chooses between them.
    fn add(
        &mut self,
        id: impl Into<String>,
        owner: Owner,
        state: impl Into<ResourceState>,
    ) -> Result<(), Error> {
        let state = state.into();
        let observed = ObservedResource {
            id: id.into(),
            owner,
            state,
        };
        let key = observed.state.key();
        if observed.owner == Owner::Other && observed.state.tags().is_some() {
            self.add_unclaimed(&key, &observed.id);
        }
        match self.observed.get(&key) {
            Some(other) if other.owner == Owner::Nex => {
                if observed.owner == Owner::Nex && other.id != observed.id {
                    return Err(ambiguous(&key, [other.id.as_str(), &observed.id]));
                }
            }
            Some(other)
                if (rank(&other.owner), &other.id) <= (rank(&observed.owner), &observed.id) => {}
            _ => {
                self.observed.insert(key, observed);
            }
        }
        Ok(())
    }

    /// Adds a resource without our tags that has the name of `key`.
    fn add_unclaimed(&mut self, key: &Key, id: &str) {
        let ids = self.unclaimed.entry(key.clone()).or_default();
        ids.insert(id.to_owned());
    }

    fn owner(&self, key: &Key) -> Owner {
        let existing = self.observed.get(key);
        existing.map_or(Owner::Other, |e| e.owner.clone())
    }

    /// The resources without our tags, where several have the name of one that is not there.
    fn rivals(&self) -> BTreeMap<Key, BTreeSet<String>> {
        let several = self
            .unclaimed
            .iter()
            .filter(|(key, ids)| ids.len() > 1 && self.owner(key) != Owner::Nex);
        several
            .map(|(key, ids)| (key.clone(), ids.clone()))
            .collect()
    }
}

/// The names of the environment's own security groups by id, because references between resources are names.
#[derive(Debug, Default)]
pub(super) struct GroupNames(BTreeMap<String, String>);

impl GroupNames {
    fn reference(&self, id: &str) -> GroupRef {
        match self.0.get(id) {
            Some(name) => GroupRef::Named(name.clone()),
            None => GroupRef::Id(SecurityGroupId::new(id)),
        }
    }
}

/// Runs all futures at once; ends at the first error.
async fn join_all<T, F>(futures: impl Iterator<Item = F>) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    futures_util::future::try_join_all(futures).await
}

/// Tags of any service: the services have different types with the same accessors.
macro_rules! tags {
    ($tags:expr) => {
        $tags
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .collect::<crate::names::Tags>()
    };
}
use tags;

impl CloudReader for Reader {
    type Error = Error;

    async fn snapshot(&self) -> Result<Snapshot, Error> {
        // The futures of 30 calls side by side are large: on the heap, they leave room on the stack.
        match Box::pin(self.read_snapshot()).await {
            Ok(snapshot) => Ok(snapshot),
            Err(error) => Err(self.or_other_account(error).await),
        }
    }

    async fn capacity(&self) -> Result<Capacity, Error> {
        self.read_capacity().await
    }
}

impl Reader {
    async fn read_snapshot(&self) -> Result<Snapshot, Error> {
        let (mut facts, groups, server, scaling, roles, storage) = tokio::try_join!(
            self.facts(),
            self.server_and_fleet_groups(),
            self.server_parts(),
            self.scaling_parts(),
            self.roles(),
            self.storage_parts(),
        )?;
        let mut found = Found::default();
        let groups = self.collect_groups(&facts, groups, &mut found)?;
        let (profiles, roles, snapshots, server, storage, ingress, fleet) = tokio::try_join!(
            self.unattached_profiles(&roles),
            self.whole_roles(roles.clone()),
            self.snapshot_policies(&server),
            self.server_details(server.clone()),
            self.storage_details(storage),
            self.database_ingress(&facts, &groups),
            self.fleet_state(&scaling),
        )?;
        facts.fleet = fleet;
        facts.deleted_secrets = storage.deleted_secrets(&self.names);
        self.collect_roles(roles, profiles, &mut found)?;
        self.collect_storage(storage, &mut found)?;
        self.collect_server(server, &groups, &mut found)?;
        self.collect_snapshots(snapshots, &mut found)?;
        self.collect_scaling(scaling, &groups, &mut found)?;
        if let Some(rule) = ingress {
            let key = Key::new(Kind::SecurityGroup, self.names.server());
            found.add(rule.group.to_string(), found.owner(&key), rule)?;
        }
        Ok(Snapshot {
            facts,
            rivals: found.rivals(),
            observed: found.observed,
        })
    }
}

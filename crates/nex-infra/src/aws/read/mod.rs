//! Reads the whole environment: everything that does not depend on an answer goes out at once.
//!
//! Two rounds: what names determine, then what ids of the first round lead to. About 30 calls when all is there.

mod ground;
mod identity;
mod scaling;
mod server;
mod storage;
mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use server::root_volume;

use aws_sdk_ec2::types::Filter;
use ground::filter;

use super::{Aws, Error};
use crate::desired::Layout;
use crate::facts::Capacity;
use crate::io::{Read, World};
use crate::model::{Existing, GroupRef, Key, Kind, Observed, Owner, Resource};
use crate::names::{COMPONENT, ENVIRONMENT, MANAGED_BY, Names, SNAPSHOT, Tags};
use crate::spec::Spec;

/// Reads one environment.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) aws: Arc<Aws>,
    pub(super) names: Names,
    pub(super) spec: Spec,
    pub(super) layout: Layout,
    adopting: Option<(Kind, String)>,
}

impl Reader {
    /// A reader of what `spec` and `names` determine.
    pub fn new(aws: Arc<Aws>, spec: &Spec, names: &Names) -> Self {
        Self {
            aws,
            names: names.clone(),
            spec: spec.clone(),
            layout: Layout::new(spec, names),
            adopting: None,
        }
    }

    /// The same reader, for which `id` stands where its kind is otherwise found by our tag `Name`.
    #[must_use]
    pub fn adopting(mut self, kind: Kind, id: &str) -> Self {
        self.adopting = Some((kind, id.to_owned()));
        self
    }

    /// How to find the one resource of `kind`: by the id that is to be adopted, or by our tag `Name`.
    fn by_id_or_name(&self, kind: Kind, id_filter: &str) -> Filter {
        match &self.adopting {
            Some((adopted, id)) if *adopted == kind => filter(id_filter, [id]),
            _ => filter("tag:Name", [self.names.server()]),
        }
    }

    /// Whether tags from a service that lags behind are as nex sets them; if not, the resource itself is asked.
    fn settled(&self, tags: &Tags) -> bool {
        let mut asked = self.spec.tags.iter();
        self.names.own(tags) && asked.all(|(key, value)| tags.get(key) == Some(value))
    }

    fn owner(&self, tags: &Tags) -> Owner {
        match self.names.own(tags) {
            true => Owner::Nex,
            false => Owner::Other,
        }
    }

    /// The tags that nex looks after; what others add, such as a cost tag of the company's, is theirs.
    fn ours(&self, tags: Tags) -> Tags {
        let known = [MANAGED_BY, ENVIRONMENT, COMPONENT, SNAPSHOT, "Name"];
        tags.into_iter()
            .filter(|(key, _)| known.contains(&key.as_str()) || self.spec.tags.contains_key(key))
            .collect()
    }
}

/// What was found, by key.
#[derive(Debug, Default)]
struct Found(Observed);

impl Found {
    fn add(&mut self, id: impl Into<String>, owner: Owner, resource: impl Into<Resource>) {
        let resource = resource.into();
        let existing = Existing {
            id: id.into(),
            owner,
            resource,
        };
        let key = existing.resource.key();
        // Where two carry one name, ours counts, and of two of ours always the same one.
        let rank = |e: &Existing| (e.owner == Owner::Other, e.id.clone());
        match self.0.get(&key) {
            Some(other) if rank(other) <= rank(&existing) => {}
            _ => {
                self.0.insert(key, existing);
            }
        }
    }

    fn owner(&self, key: &Key) -> Owner {
        self.0.get(key).map_or(Owner::Other, |e| e.owner)
    }
}

/// The environment's own security groups by id, so that references can be put as names.
#[derive(Debug, Default)]
struct GroupNames(BTreeMap<String, String>);

impl GroupNames {
    fn reference(&self, id: &str) -> GroupRef {
        match self.0.get(id) {
            Some(name) => GroupRef::Named(name.clone()),
            None => GroupRef::Id(id.to_owned()),
        }
    }
}

/// Tags of any service, whose types differ but whose accessors do not.
macro_rules! tags {
    ($tags:expr) => {
        $tags
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .collect::<crate::names::Tags>()
    };
}
use tags;

impl Read for Reader {
    type Error = Error;

    async fn world(&self) -> Result<World, Error> {
        match self.whole_world().await {
            Ok(world) => Ok(world),
            Err(error) => Err(self.or_other_account(error).await),
        }
    }

    async fn capacity(&self) -> Result<Capacity, Error> {
        self.read_capacity().await
    }
}

impl Reader {
    async fn whole_world(&self) -> Result<World, Error> {
        let (ground, traffic, server, scaling, roles, storage) = tokio::try_join!(
            self.ground(),
            self.server_and_fleet_groups(),
            self.server_parts(),
            self.scaling_parts(),
            self.role_details(),
            self.storage_parts(),
        )?;
        let mut found = Found::default();
        let groups = self.collect_groups(&ground, traffic, &mut found);
        let (profiles, snapshots, server, storage, ingress) = tokio::try_join!(
            self.unattached_profiles(&roles),
            self.snapshot_policies(&server),
            self.server_details(server.clone()),
            self.storage_details(storage),
            self.database_ingress(&ground, &groups),
        )?;
        self.collect_roles(roles, profiles, &mut found)?;
        self.collect_storage(storage, &mut found);
        self.collect_server(server, &groups, &mut found);
        self.collect_snapshots(snapshots, &mut found);
        self.collect_scaling(scaling, &groups, &mut found)?;
        if let Some(rule) = ingress {
            let key = Key::new(Kind::SecurityGroup, self.names.server());
            found.add(rule.group.clone(), found.owner(&key), rule);
        }
        Ok(World {
            facts: ground,
            observed: found.0,
        })
    }
}

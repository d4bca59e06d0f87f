//! A cloud that keeps state, refuses what AWS would refuse, and fails when it is told to.

use std::sync::{Mutex, MutexGuard};

use nex_infra::model::{Existing, Key, Kind, Observed, Owner, Resource, TemplateVersion};
use nex_infra::{Capacity, Class, Failure, Ids, Read, World, Write};
use nex_plan::Action;

use crate::stored;
use crate::support::facts;

/// Why the fake failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Broken {
    what: String,
    class: Class,
}

impl Failure for Broken {
    fn class(&self) -> Class {
        self.class
    }
}

fn broken(class: Class, what: impl Into<String>) -> Broken {
    let what = what.into();
    Broken { what, class }
}

/// What goes wrong at one of the writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The how-manieth write, from 0 on.
    pub(crate) at: usize,
    /// Whether the cloud has acted when the answer is lost.
    pub(crate) acts: bool,
    /// What the caller learns.
    pub(crate) class: Class,
    /// Whether the caller dies of it: no later write arrives.
    pub(crate) dies: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) observed: Observed,
    /// What was done, in order.
    pub(crate) journal: Vec<(Action, Key)>,
    /// What there are two of, because a create without a token was sent twice.
    pub(crate) twice: Vec<Key>,
    /// The most writes that were under way at once.
    pub(crate) side_by_side: usize,
    under_way: usize,
    writes: usize,
    fault: Option<Fault>,
    made: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Fake(Mutex<State>);

impl Fake {
    pub(crate) fn new(observed: Observed, fault: Option<Fault>) -> Self {
        Self(Mutex::new(State {
            observed,
            fault,
            ..State::default()
        }))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics with it")
    }

    pub(crate) fn observed(&self) -> Observed {
        self.state().observed.clone()
    }

    /// One write: its fault, if it has one, before or after `act`.
    async fn write<T>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        let turn = self.state().begin();
        // Others get their turn, as they do while a call is on its way.
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.under_way -= 1;
        let fault = state.fault;
        let hit = fault.filter(|f| f.at == turn || f.dies && f.at < turn);
        match hit {
            Some(fault) if !fault.acts || fault.at < turn => {
                Err(broken(fault.class, "the call did not arrive"))
            }
            Some(fault) => {
                act(&mut state)?;
                Err(broken(fault.class, "the answer was lost"))
            }
            None => act(&mut state),
        }
    }
}

impl Read for Fake {
    type Error = Broken;

    async fn world(&self) -> Result<World, Broken> {
        Ok(World {
            facts: facts(),
            observed: self.observed(),
        })
    }

    async fn capacity(&self) -> Result<Capacity, Broken> {
        Err(broken(Class::Denied, "no test asks for quotas here"))
    }
}

impl Write for Fake {
    type Error = Broken;

    async fn create(&self, new: &Resource, ids: &Ids) -> Result<String, Broken> {
        self.write(|state| state.create(new, ids)).await
    }

    async fn update(
        &self,
        id: &str,
        old: &Resource,
        new: &Resource,
        ids: &Ids,
    ) -> Result<(), Broken> {
        self.write(|state| state.update(id, old, new, ids)).await
    }

    async fn delete(&self, id: &str, _: &Resource, _: &Ids) -> Result<(), Broken> {
        self.write(|state| state.delete(id)).await
    }
}

impl State {
    fn begin(&mut self) -> usize {
        self.under_way += 1;
        self.side_by_side = self.side_by_side.max(self.under_way);
        self.writes += 1;
        self.writes - 1
    }

    /// What a resource needs must be there, and the caller must know its id.
    fn check_needs(&self, new: &Resource, ids: &Ids) -> Result<(), Broken> {
        for need in new.needs() {
            let there = self.observed.get(&need).map(|e| e.id.clone());
            if there.is_none() || ids.get(&need) != there {
                let what = format!("{:?} needs {need:?}", new.key());
                return Err(broken(Class::Other, what));
            }
        }
        Ok(())
    }

    fn create(&mut self, new: &Resource, ids: &Ids) -> Result<String, Broken> {
        let key = new.key();
        if let Some(there) = self.observed.get(&key) {
            match key.kind {
                // Neither has a unique name or a token: a second one is made.
                Kind::ElasticIp | Kind::SnapshotPolicy => self.twice.push(key.clone()),
                // The token says that it is the same; and the launch has made the volume.
                Kind::Instance | Kind::Volume => return Ok(there.id.clone()),
                _ => return Err(broken(Class::Exists, format!("{key:?} is there"))),
            }
        }
        self.check_needs(new, ids)?;
        if key.kind == Kind::Volume {
            return Err(broken(Class::Other, "no launch made this volume"));
        }
        self.journal.push((Action::Create, key.clone()));
        if let Resource::Instance(instance) = new {
            let volume = Resource::from(nex_infra::model::Volume {
                name: instance.name.clone(),
                instance: Some(instance.name.clone()),
                size_gb: instance.disk.size_gb,
                volume_type: instance.disk.volume_type.clone(),
                encrypted: instance.disk.encrypted,
                tags: instance.volume_tags.clone(),
            });
            ids.set(volume.key(), self.put(volume));
        }
        Ok(self.put(stored::created(new)))
    }

    fn put(&mut self, resource: Resource) -> String {
        self.made += 1;
        let id = stored::id(&resource.key(), self.made);
        let existing = Existing {
            id: id.clone(),
            owner: Owner::Nex,
            resource,
        };
        self.observed.insert(existing.resource.key(), existing);
        id
    }

    fn update(
        &mut self,
        id: &str,
        old: &Resource,
        new: &Resource,
        ids: &Ids,
    ) -> Result<(), Broken> {
        self.check_needs(new, ids)?;
        self.journal.push((Action::Update, new.key()));
        // An association is put, whether or not there was one: EC2 knows it by the address.
        if new.key().kind == Kind::ElasticIpAssociation {
            self.put(stored::created(new));
            return Ok(());
        }
        let found = self.observed.values_mut().find(|e| e.id == id);
        let there = found.ok_or_else(|| broken(Class::NotFound, format!("{id} is not there")))?;
        assert_eq!(there.owner, Owner::Nex, "{id} is not nex's to change");
        let refused = |why: &str| broken(Class::Other, format!("{id}: {why}"));
        there.resource = stored::updated(&there.resource, new).map_err(refused)?;
        if let Resource::LaunchTemplate(old) = old
            && stored::makes_version(old, new)
        {
            self.outdate(&old.name);
        }
        Ok(())
    }

    /// A new version leaves a group with the number of the one before.
    fn outdate(&mut self, template: &str) {
        for existing in self.observed.values_mut() {
            if let Resource::AutoScalingGroup(group) = &mut existing.resource
                && group.template == template
            {
                group.template_version = TemplateVersion::Other("1".into());
            }
        }
    }

    fn delete(&mut self, id: &str) -> Result<(), Broken> {
        // By id: a volume whose instance has gone before is a left-over one by now.
        let Some((key, there)) = self.observed.iter().find(|(_, e)| e.id == id) else {
            return Ok(());
        };
        let key = key.clone();
        assert_eq!(there.owner, Owner::Nex, "{id} is not nex's to delete");
        let holds = |(other, e): (&Key, &Existing)| {
            let hangs_on = e.resource.needs().contains(&key);
            hangs_on && other.kind != Kind::Volume && other.kind != Kind::ElasticIpAssociation
        };
        let attached = matches!(&there.resource, Resource::Volume(v) if v.instance.is_some());
        if attached || self.observed.iter().any(holds) {
            return Err(broken(Class::Other, format!("{id} is in use")));
        }
        self.journal.push((Action::Delete, key.clone()));
        stored::lose(&mut self.observed, &key);
        Ok(())
    }
}

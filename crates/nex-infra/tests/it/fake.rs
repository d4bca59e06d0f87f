//! A fake cloud that keeps state, refuses what AWS would refuse, and fails on request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use nex_infra::model::{
    DesiredResource, Key, Kind, Observed, ObservedResource, Owner, ResourceState, TemplateVersion,
    Volume,
};
use nex_infra::{Capacity, CloudReader, CloudWriter, Contents, Ids, Snapshot, Tags};
use nex_plan::{Action, CancelToken, CloudError, ErrorKind};

use crate::stored;
use crate::support::facts;

/// Why the fake failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Broken {
    what: String,
    kind: ErrorKind,
}

impl CloudError for Broken {
    fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        (self.kind == ErrorKind::Denied).then(|| "ask for the permission".into())
    }
}

pub(crate) fn broken(kind: ErrorKind, what: impl Into<String>) -> Broken {
    let what = what.into();
    Broken { what, kind }
}

/// A fault at one of the writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The number of the write, counted from 0.
    pub(crate) at: usize,
    /// Whether the cloud executes the write before its answer is lost.
    pub(crate) acts: bool,
    /// The kind of error that the caller gets.
    pub(crate) kind: ErrorKind,
    /// Whether the caller crashes: no later write arrives.
    pub(crate) dies: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) observed: Observed,
    /// The buckets with objects in them.
    pub(crate) full: BTreeSet<String>,
    /// The kinds that wait forever when they are created.
    pub(crate) hangs: BTreeSet<Kind>,
    /// The kinds that panic when they are changed.
    pub(crate) panics: BTreeSet<Kind>,
    /// What was done, in order.
    pub(crate) journal: Vec<(Action, Key)>,
    /// The resources that exist twice, because a create call without a token was sent twice.
    pub(crate) twice: Vec<Key>,
    /// The most writes that ran at the same time.
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
        // Other tasks run now, as they would during a real call.
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.under_way -= 1;
        let fault = state.fault;
        let hit = fault.filter(|f| f.at == turn || f.dies && f.at < turn);
        match hit {
            Some(fault) if !fault.acts || fault.at < turn => {
                Err(broken(fault.kind, "the call did not arrive"))
            }
            Some(fault) => {
                act(&mut state)?;
                Err(broken(fault.kind, "the answer was lost"))
            }
            None => act(&mut state),
        }
    }
}

impl CloudReader for Fake {
    type Error = Broken;

    async fn snapshot(&self) -> Result<Snapshot, Broken> {
        Ok(Snapshot {
            facts: facts(),
            observed: self.observed(),
            rivals: BTreeMap::new(),
        })
    }

    async fn capacity(&self) -> Result<Capacity, Broken> {
        Err(broken(ErrorKind::Denied, "no test asks for quotas here"))
    }
}

impl CloudWriter for Fake {
    type Error = Broken;

    async fn create(
        &self,
        new: &DesiredResource,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<String, Broken> {
        let kind = new.key().kind;
        assert!(!self.state().panics.contains(&kind), "a defect, on purpose");
        let id = self.write(|state| state.create(new, ids)).await?;
        if self.state().hangs.contains(&kind) {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(600)) => {}
                () = cancel.cancelled() => {
                    let what = format!("{} was not yet running", new.key());
                    return Err(broken(ErrorKind::Cancelled, what));
                }
            }
        }
        Ok(id)
    }

    async fn update(
        &self,
        id: &str,
        old: &ResourceState,
        new: &DesiredResource,
        ids: &Ids,
        _: &CancelToken,
    ) -> Result<(), Broken> {
        self.write(|state| state.update(id, old, new, ids)).await
    }

    async fn delete(
        &self,
        id: &str,
        _: &ResourceState,
        contents: Contents,
        _: &Ids,
        _: &CancelToken,
    ) -> Result<(), Broken> {
        self.write(|state| state.delete(id, contents)).await
    }

    async fn retag(&self, id: &str, _: &ResourceState, tags: &Tags) -> Result<(), Broken> {
        self.write(|state| state.retag(id, tags)).await
    }
}

impl State {
    fn begin(&mut self) -> usize {
        self.under_way += 1;
        self.side_by_side = self.side_by_side.max(self.under_way);
        self.writes += 1;
        self.writes - 1
    }

    /// The resources that a new one needs must exist, and the caller must know their ids.
    fn check_needs(&self, new: &DesiredResource, ids: &Ids) -> Result<(), Broken> {
        for need in new.needs() {
            let there = self.observed.get(&need).map(|e| e.id.clone());
            if there.is_none() || ids.get(&need) != there {
                let what = format!("{:?} needs {need:?}", new.key());
                return Err(broken(ErrorKind::Other, what));
            }
        }
        Ok(())
    }

    fn create(&mut self, new: &DesiredResource, ids: &Ids) -> Result<String, Broken> {
        let key = new.key();
        if let Some(there) = self.observed.get(&key) {
            match key.kind {
                // These kinds have neither a unique name nor a token, so the cloud creates a second resource.
                Kind::ElasticIp | Kind::SnapshotPolicy => self.twice.push(key.clone()),
                // The token shows that the instance is the same one. The launch has already created the volume.
                Kind::Instance | Kind::Volume => return Ok(there.id.clone()),
                _ => {
                    return Err(broken(
                        ErrorKind::AlreadyExists,
                        format!("{key:?} is there"),
                    ));
                }
            }
        }
        self.check_needs(new, ids)?;
        if key.kind == Kind::Volume {
            return Err(broken(ErrorKind::Other, "no launch made this volume"));
        }
        self.journal.push((Action::Create, key.clone()));
        if let DesiredResource::Instance(new) = new {
            let (name, launch) = (&new.instance.name, &new.launch);
            let volume = ResourceState::from(Volume {
                name: name.clone(),
                instance: Some(name.clone()),
                size_gb: launch.root_volume.size_gb,
                volume_type: launch.root_volume.volume_type.clone(),
                encrypted: launch.root_volume.encrypted,
                tags: launch.volume_tags.clone(),
            });
            ids.set(volume.key(), self.put(volume));
        }
        Ok(self.put(stored::created(new)))
    }

    fn put(&mut self, state: ResourceState) -> String {
        self.made += 1;
        let id = stored::id(&state.key(), self.made);
        let existing = ObservedResource {
            id: id.clone(),
            owner: Owner::Nex,
            state,
        };
        self.observed.insert(existing.state.key(), existing);
        id
    }

    fn update(
        &mut self,
        id: &str,
        old: &ResourceState,
        new: &DesiredResource,
        ids: &Ids,
    ) -> Result<(), Broken> {
        self.check_needs(new, ids)?;
        self.journal.push((Action::Update, new.key()));
        // EC2 identifies an association by its address, so associating again replaces it.
        if new.key().kind == Kind::ElasticIpAssociation {
            self.put(stored::created(new));
            return Ok(());
        }
        let found = self.observed.values_mut().find(|e| e.id == id);
        let there =
            found.ok_or_else(|| broken(ErrorKind::NotFound, format!("{id} is not there")))?;
        assert_eq!(there.owner, Owner::Nex, "{id} is not nex's to change");
        let refused = |why: &str| broken(ErrorKind::Other, format!("{id}: {why}"));
        there.state = stored::updated(&there.state, new).map_err(refused)?;
        if let ResourceState::LaunchTemplate(old) = old
            && stored::makes_version(old, new)
        {
            self.outdate(&old.name);
        }
        Ok(())
    }

    /// After a new version, a group still has the number of the version before.
    fn outdate(&mut self, template: &str) {
        for existing in self.observed.values_mut() {
            if let ResourceState::AutoScalingGroup(group) = &mut existing.state
                && group.template == template
            {
                group.template_version = TemplateVersion::Other("1".into());
            }
        }
    }

    fn delete(&mut self, id: &str, contents: Contents) -> Result<(), Broken> {
        // By id: a volume is a left-over one if its instance was deleted before.
        let Some((key, there)) = self.observed.iter().find(|(_, e)| e.id == id) else {
            return Ok(());
        };
        let key = key.clone();
        assert_eq!(there.owner, Owner::Nex, "{id} is not nex's to delete");
        let holds = |(other, e): (&Key, &ObservedResource)| {
            let hangs_on = e.state.needs().contains(&key);
            hangs_on && other.kind != Kind::Volume && other.kind != Kind::ElasticIpAssociation
        };
        let attached = matches!(&there.state, ResourceState::Volume(v) if v.instance.is_some());
        if attached || self.observed.iter().any(holds) {
            return Err(broken(ErrorKind::Other, format!("{id} is in use")));
        }
        if contents == Contents::Keep && self.full.contains(&key.name) {
            let what = format!("the bucket {id} is not empty");
            return Err(broken(ErrorKind::Other, what));
        }
        self.full.remove(&key.name);
        self.journal.push((Action::Delete, key.clone()));
        stored::lose(&mut self.observed, &key);
        Ok(())
    }

    fn retag(&mut self, id: &str, tags: &Tags) -> Result<(), Broken> {
        let found = self.observed.values_mut().find(|e| e.id == id);
        let there = found.ok_or_else(|| broken(ErrorKind::NotFound, format!("{id} is gone")))?;
        let own = there.state.tags_mut().expect("a kind with tags");
        own.clone_from(tags);
        there.owner = Owner::Nex;
        let key = there.state.key();
        // A part has the owner of its whole.
        let parts = self.observed.values_mut();
        for part in parts.filter(|part| part.state.needs().contains(&key)) {
            if part.state.tags().is_none() || part.state.key().kind == Kind::Volume {
                part.owner = Owner::Nex;
            }
        }
        self.journal.push((Action::Update, key));
        Ok(())
    }
}

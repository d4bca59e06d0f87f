//! How far the steps are, kept on the machine between runs of the agent.

use nex_host::{Digest, Mode, Outcome, Step};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::root::Root;

/// The entry about the bundle itself, before those of the steps: whether it was fetched and accepted.
pub const BUNDLE: &str = "bundle";

/// Where the journal is.
const PATH: &str = "/var/lib/nex/journal.json";

/// How far each step is, in the order of the steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    /// The part of the bundle with which the step ran.
    inputs: Digest,
    outcome: Outcome,
}

impl Journal {
    /// Reads the journal. It is empty on a new machine, and if the file is damaged: then every step runs again, which
    /// does no harm.
    ///
    /// # Errors
    /// A [`Failure`] if the file is there and can't be read.
    pub fn load(root: &Root) -> Result<Self, Failure> {
        let text = root.read(PATH)?;
        Ok(text
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default())
    }

    /// Writes the journal.
    ///
    /// # Errors
    /// A [`Failure`] if the file can't be written.
    pub fn save(&self, root: &Root) -> Result<(), Failure> {
        let json = serde_json::to_vec(self).expect("text and lists serialize to JSON");
        let path = PATH.parse().expect("a path");
        root.put(&path, Mode::PRIVATE, &root.owner(), &json)?;
        Ok(())
    }

    /// The steps as a status shows them.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.entries.iter().map(|entry| Step {
            name: entry.name.as_str().into(),
            outcome: entry.outcome.clone(),
        })
    }

    /// Whether a step is done.
    pub fn is_done(&self, name: &str) -> bool {
        self.find(name)
            .is_some_and(|entry| matches!(entry.outcome, Outcome::Done { .. }))
    }

    pub(crate) fn is_done_with(&self, name: &str, inputs: Digest) -> bool {
        self.is_done(name) && self.find(name).is_some_and(|entry| entry.inputs == inputs)
    }

    pub(crate) fn set(&mut self, name: &str, inputs: Digest, outcome: Outcome) {
        let found = self.entries.iter_mut().find(|entry| entry.name == name);
        if let Some(entry) = found {
            entry.inputs = inputs;
            entry.outcome = outcome;
        } else {
            self.entries.push(Entry {
                name: name.to_owned(),
                inputs,
                outcome,
            });
        }
    }

    /// Notes what became of a bundle.
    pub fn set_bundle(&mut self, bundle: Digest, outcome: Outcome) {
        if self.find(BUNDLE).is_none() {
            let entry = Entry {
                name: BUNDLE.to_owned(),
                inputs: bundle,
                outcome: Outcome::Waiting,
            };
            self.entries.insert(0, entry);
        }
        self.set(BUNDLE, bundle, outcome);
    }

    /// Whether the newest bundle that the host was told to apply was refused, and is another one than this.
    pub(crate) fn has_refused_another(&self, bundle: Digest) -> bool {
        let entry = self.find(BUNDLE);
        entry.is_some_and(|entry| {
            matches!(entry.outcome, Outcome::Failed { .. }) && entry.inputs != bundle
        })
    }

    /// Whether all entries are done.
    pub fn is_all_done(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.all(|entry| matches!(entry.outcome, Outcome::Done { .. }))
    }

    /// Brings the entries into the order of these steps, after the one about the bundle. Steps that are new wait, others
    /// are forgotten.
    pub(crate) fn keep_only(&mut self, names: &[&str]) {
        let old = std::mem::take(&mut self.entries);
        let bundle = old.iter().find(|entry| entry.name == BUNDLE).cloned();
        let entry = |name: &&str| {
            let kept = old.iter().find(|entry| entry.name == **name).cloned();
            kept.unwrap_or_else(|| Entry {
                name: (**name).to_owned(),
                inputs: Digest::of(b""),
                outcome: Outcome::Waiting,
            })
        };
        self.entries = bundle.into_iter().chain(names.iter().map(entry)).collect();
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

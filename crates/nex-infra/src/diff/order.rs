//! The order of steps: which steps each step waits for.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Desired, Key, Kind, Observed};
use crate::step::{Operation, Step};

/// Sets what each step waits for.
pub(super) fn set_needs(steps: &mut [Step], desired: &Desired, observed: &Observed) {
    let planned: BTreeSet<Key> = steps.iter().map(|step| step.key.clone()).collect();
    let deleted = steps
        .iter()
        .filter(|step| matches!(step.operation, Operation::Delete { .. }));
    let deleted: BTreeSet<Key> = deleted.map(|step| step.key.clone()).collect();
    let before = deletions_before(&deleted, observed);
    // A desired resource that is neither planned nor observed is missing: an earlier run did not create it.
    let is_open = |key: &Key| {
        planned.contains(key) || desired.contains_key(key) && !observed.contains_key(key)
    };
    for step in steps {
        step.needs = match step.operation.new_resource() {
            Some(new) => {
                let needs = new.needs().into_iter();
                needs
                    .filter(|key| is_open(key) && *key != step.key)
                    .collect()
            }
            None => before.get(&step.key).cloned().unwrap_or_default(),
        };
    }
}

/// For each deletion, the deletions that come first: those of the resources that need the deleted resource.
fn deletions_before(deleted: &BTreeSet<Key>, observed: &Observed) -> BTreeMap<Key, BTreeSet<Key>> {
    let mut before: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for key in deleted {
        let needs = observed.get(key).map(|e| e.state.needs());
        for need in needs.unwrap_or_default() {
            if !deleted.contains(&need) || need == *key {
                continue;
            }
            // A volume is attached until its instance is gone.
            let (first, second) = if (key.kind, need.kind) == (Kind::Volume, Kind::Instance) {
                (need, key.clone())
            } else {
                (key.clone(), need)
            };
            before.entry(second).or_default().insert(first);
        }
    }
    before
}

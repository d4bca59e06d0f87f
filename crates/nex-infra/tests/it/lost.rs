//! Creations and adoptions whose answer was lost or refused: the read that follows tells what became of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use nex_infra::model::{Desired, Key, Kind, Observed, Owner};
use nex_infra::{Converged, adoptions, converge, diff};
use nex_plan::{ErrorKind, RunContext};

use crate::adoption::older;
use crate::engine::{NO_DELAY, approved, block_on, converged, run, snapshot};
use crate::fake::{Fake, Fault};
use crate::stored;
use crate::support::{built, spec, wanted};

/// Some resources have neither a unique name nor a token. After a lost answer, the engine reads before it tries again,
/// so that the resource is not created twice.
#[test]
fn a_lost_step_that_the_read_shows_is_done() {
    let desired = wanted(&spec());
    let fault = Fault {
        at: 0,
        acts: true,
        kind: ErrorKind::Indeterminate,
        dies: false,
    };
    let fake = Arc::new(Fake::new(Observed::new(), Some(fault)));
    let run = run(
        &fake,
        approved(&desired, &Observed::new()),
        &desired,
        RunContext::detached(),
    );
    let report = block_on(run).expect("nothing has moved").report;
    assert!(report.is_complete());
    assert_eq!(report.done.len(), desired.len());
    let zero = report.done.iter().filter(|d| d.elapsed == Duration::ZERO);
    assert_eq!(zero.count(), 1);
    assert_eq!(stored::all(&desired).len(), fake.observed().len());
}

/// A role of someone else that appears between the plan and the apply: nothing attaches to the role, and the run does not
/// report it as created.
#[test]
fn a_resource_that_someone_else_made_in_the_meantime_is_a_failure() {
    let desired = wanted(&spec());
    let approved = approved(&desired, &Observed::new());
    let (key, mut role) = built()
        .1
        .into_iter()
        .find(|(key, _)| key.kind == Kind::IamRole)
        .unwrap();
    role.owner = Owner::Other;
    let fake = Arc::new(Fake::new([(key.clone(), role)].into(), None));
    let writer = Arc::clone(&fake);
    let before = snapshot(Observed::new());
    let context = RunContext::detached();
    let run = converge(
        approved, &desired, before, &*fake, writer, context, NO_DELAY,
    );
    let report = block_on(run).expect("nothing has moved").report;
    let failed: Vec<String> = report.failed.iter().map(|f| f.id.to_string()).collect();
    assert_eq!(failed, [key.resource_id().to_string()]);
    assert!(!report.done.iter().any(|done| done.id == key.resource_id()));
    let profile = Key::new(Kind::InstanceProfile, &key.name);
    assert!(!fake.observed().contains_key(&profile));
}

/// Takes over everything, as far as the fake lets it.
fn adopt_all(fake: &Arc<Fake>, desired: &Desired) -> Converged {
    let adoptions = adoptions("staging", desired, &snapshot(fake.observed()));
    let approved = adoptions.plan.approve(&BTreeSet::new()).unwrap();
    converged(fake, approved, desired)
}

#[test]
fn an_adoption_of_everything_goes_on_after_a_crash_at_any_write() {
    let (desired, observed) = older();
    let whole = Arc::new(Fake::new(observed.clone(), None));
    let report = adopt_all(&whole, &desired).report;
    assert!(report.is_complete(), "{report:#?}");
    assert!(report.remaining.is_empty(), "{:#?}", report.remaining);
    assert!(diff("staging", &desired, &whole.observed()).is_empty());
    for at in 0..report.done.len() {
        let kind = ErrorKind::Indeterminate;
        let fault = Fault {
            at,
            acts: at % 2 == 0,
            kind,
            dies: true,
        };
        let fake = Arc::new(Fake::new(observed.clone(), Some(fault)));
        adopt_all(&fake, &desired);
        let again = Arc::new(Fake::new(fake.observed(), None));
        let report = adopt_all(&again, &desired).report;
        assert!(report.is_complete(), "{at}: {report:#?}");
        let left = diff("staging", &desired, &again.observed());
        assert!(left.is_empty(), "{at}: {left:#?}");
    }
}

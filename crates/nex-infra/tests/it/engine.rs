//! The engine in special cases: purges, cancellation, needs, moved plans, defects, adoption.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nex_infra::model::{Desired, Kind, Observed, ResourceState};
use nex_infra::{
    Capacity, CloudReader, ConvergeOptions, Converged, LintContext, Snapshot, Step, adoption,
    converge, diff, teardown,
};
use nex_plan::{
    Action, Allowance, Approved, ErrorKind, MovedError, Movement, RunContext, SkipReason, Skipped,
};

use crate::adoption::foreign;
use crate::fake::{Broken, Fake, Fault, broken};
use crate::support::{allowances, built, facts, first, plan, spec, wanted};

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("a runtime").block_on(future)
}

pub(crate) const NO_DELAY: ConvergeOptions = ConvergeOptions {
    consistency_delay: Duration::ZERO,
    consistency_limit: Duration::ZERO,
};

/// An approved plan of `desired`, with every finding allowed by name.
pub(crate) fn approved(desired: &Desired, observed: &Observed) -> Approved<Step> {
    let linted = plan(desired, observed);
    let named = allowances(&linted);
    linted.approve(&named).expect("all is named")
}

pub(crate) fn snapshot(observed: Observed) -> Snapshot {
    Snapshot {
        facts: facts(),
        observed,
        rivals: BTreeMap::new(),
    }
}

pub(crate) async fn run(
    fake: &Arc<Fake>,
    approved: Approved<Step>,
    desired: &Desired,
    context: RunContext<'_>,
) -> Result<Converged, MovedError> {
    let before = snapshot(fake.observed());
    let writer = Arc::clone(fake);
    converge(
        approved, desired, before, &**fake, writer, context, NO_DELAY,
    )
    .await
}

pub(crate) fn converged(
    fake: &Arc<Fake>,
    approved: Approved<Step>,
    desired: &Desired,
) -> Converged {
    let run = run(fake, approved, desired, RunContext::detached());
    block_on(run).expect("nothing has moved")
}

pub(crate) fn skipped(converged: &Converged) -> Vec<(String, &SkipReason)> {
    let skipped = converged.report.skipped.iter();
    skipped
        .map(|s: &Skipped| (s.id.to_string(), &s.reason))
        .collect()
}

/// `destroy` with these names allowed, of an environment in which all buckets were empty when the plan was made.
fn destroy(fake: &Arc<Fake>, allowed: &[&str]) -> Converged {
    let observed = fake.observed();
    let buckets = observed.keys().filter(|k| k.kind == Kind::S3Bucket);
    let empty: BTreeSet<String> = buckets.map(|k| k.name.clone()).collect();
    let context = LintContext::Teardown {
        observed: &observed,
        empty_buckets: &empty,
    };
    let linted = teardown("staging", &observed).lint(&context);
    let mut named = allowances(&linted);
    named.extend(
        allowed
            .iter()
            .map(|id| Allowance::new("stateful-deleted", id)),
    );
    let approved = linted.approve(&named).expect("all is named");
    converged(fake, approved, &Desired::new())
}

const CACHE: &str = "nex-staging-gitlab-runner-cache";

#[test]
fn an_object_that_came_after_the_plan_survives() {
    let fake = Arc::new(Fake::new(built().1, None));
    fake.state().full.insert(CACHE.into());
    let cache = format!("s3-bucket {CACHE}");
    // Allowing a name that no finding mentions has no effect.
    let report = destroy(&fake, &[&cache]).report;
    let failed: Vec<String> = report.failed.iter().map(|f| f.id.to_string()).collect();
    assert_eq!(failed, [cache]);
    assert!(report.failed[0].error.contains("is not empty"));
    assert!(fake.state().full.contains(CACHE));
    assert_eq!(report.remaining.entries.len(), 1);
}

#[test]
fn a_bucket_that_the_operator_names_is_purged() {
    let fake = Arc::new(Fake::new(built().1, None));
    fake.state().full.insert(CACHE.into());
    // This lint knows of no empty bucket, so each is refused until it is named.
    let report = converged(
        &fake,
        approved(&Desired::new(), &fake.observed()),
        &Desired::new(),
    );
    assert!(report.report.is_complete(), "{:#?}", report.report.failed);
    assert!(fake.state().full.is_empty());
}

#[test]
fn a_bucket_outside_of_the_part_that_is_applied_keeps_its_objects() {
    let (desired, observed) = built();
    let fake = Arc::new(Fake::new(observed.clone(), None));
    let key = first(&observed, Kind::S3Bucket);
    fake.state().full.insert(key.name.clone());
    let mut without = desired.clone();
    without.remove(&key);
    let approved = approved(&without, &observed);
    assert!(approved.allows("stateful-deleted", &key.resource_id()));
    let part = approved.only(|entry| entry.id() != key.resource_id());
    assert!(converged(&fake, part, &without).report.is_complete());
    assert!(fake.state().full.contains(&key.name));
}

/// Fails each read.
struct Unreadable;

impl CloudReader for Unreadable {
    type Error = Broken;

    async fn snapshot(&self) -> Result<Snapshot, Broken> {
        Err(broken(ErrorKind::Indeterminate, "no answer"))
    }

    async fn capacity(&self) -> Result<Capacity, Broken> {
        Err(broken(ErrorKind::Other, "not asked for"))
    }
}

#[test]
fn what_needs_a_failed_step_is_skipped_and_names_it() {
    let desired = wanted(&spec());
    let fake = Arc::new(Fake::new(Observed::new(), None));
    // The first write is the fleet's or the server's security group.
    let fault = Fault {
        at: 0,
        acts: false,
        kind: ErrorKind::Denied,
        dies: false,
    };
    let failing = Arc::new(Fake::new(fake.observed(), Some(fault)));
    let converged = converged(&failing, approved(&desired, &Observed::new()), &desired);
    let report = &converged.report;
    assert_eq!(report.failed.len(), 1);
    let failed = &report.failed[0];
    assert_eq!(
        (failed.kind, failed.action),
        (ErrorKind::Denied, Action::Create)
    );
    assert_eq!(failed.hint.as_deref(), Some("ask for the permission"));
    let first = skipped(&converged);
    assert!(
        first
            .iter()
            .any(|(_, reason)| **reason == SkipReason::Needs(failed.id.clone())),
        "{first:?}"
    );
    let needs = |reason: &SkipReason| matches!(reason, SkipReason::Needs(_));
    assert!(first.iter().all(|(_, reason)| needs(reason)));
    assert!(!report.stopped);
    let left = report.done.len() + report.failed.len() + report.skipped.len();
    assert_eq!(left, desired.len());
    assert_eq!(report.remaining.entries.len(), 1 + first.len());
}

#[test]
fn a_part_waits_for_what_is_not_part_of_it_only_if_that_is_missing() {
    // The group exists and is to be changed, but not by this part: the template can be changed.
    let (_, mut observed) = built();
    let mut now = spec();
    now.fleet.as_mut().unwrap().volume_gb = 50;
    let desired = wanted(&now);
    let groups: Vec<_> = observed
        .keys()
        .filter(|k| k.kind == Kind::SecurityGroup)
        .cloned()
        .collect();
    for key in &groups {
        if let ResourceState::SecurityGroup(group) = &mut observed.get_mut(key).unwrap().state {
            group.egress.clear();
        }
    }
    let fake = Arc::new(Fake::new(observed.clone(), None));
    let is_group = |id: &nex_plan::ResourceId| id.kind == "security-group";
    let part = approved(&desired, &observed).only(|entry| !is_group(&entry.id()));
    let report = converged(&fake, part, &desired).report;
    assert!(report.is_complete(), "{:#?}", report.skipped);
    assert!(
        report.remaining.is_empty(),
        "what is not part of the plan is not left of it"
    );

    // The group does not exist: what needs it is skipped.
    let fresh = Arc::new(Fake::new(Observed::new(), None));
    let part = approved(&desired, &Observed::new()).only(|entry| !is_group(&entry.id()));
    let converged = converged(&fresh, part, &desired);
    let skipped = skipped(&converged);
    let (_, reason) = skipped
        .iter()
        .find(|(id, _)| id.starts_with("instance "))
        .unwrap();
    assert!(
        matches!(reason, SkipReason::Needs(id) if is_group(id)),
        "{reason:?}"
    );
}

#[test]
fn a_plan_of_another_moment_changes_nothing() {
    let (desired, observed) = built();
    let mut before = observed.clone();
    let key = first(&observed, Kind::AutoScalingGroup);
    let set_max = |observed: &mut Observed, max| {
        if let ResourceState::AutoScalingGroup(group) = &mut observed.get_mut(&key).unwrap().state {
            group.max = max;
        }
    };
    set_max(&mut before, 10);
    let plan_of_before = approved(&desired, &before);

    let mut now = observed.clone();
    set_max(&mut now, 20);
    let fake = Arc::new(Fake::new(now, None));
    let moved = block_on(run(
        &fake,
        plan_of_before.clone(),
        &desired,
        RunContext::detached(),
    ));
    let moved = moved.expect_err("the maximum has changed").0;
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].how, Movement::Fields(vec!["max".into()]));
    assert!(fake.state().journal.is_empty());

    // Another resource with the same name.
    let mut replaced = before.clone();
    replaced.get_mut(&key).unwrap().id = "another".into();
    let fake = Arc::new(Fake::new(replaced, None));
    let moved = block_on(run(
        &fake,
        plan_of_before.clone(),
        &desired,
        RunContext::detached(),
    ));
    assert_eq!(moved.expect_err("another group").0[0].how, Movement::Target);

    // Someone else made the change: nothing is left to do, and that is not a conflict.
    let fake = Arc::new(Fake::new(observed, None));
    let converged = converged(&fake, plan_of_before, &desired);
    assert!(converged.report.is_complete() && converged.report.done.is_empty());
    assert!(converged.report.remaining.is_empty() && converged.snapshot.is_some());
    assert!(fake.state().journal.is_empty());
}

#[test]
fn a_drift_of_what_was_not_approved_moves_nothing() {
    let (desired, mut observed) = built();
    let key = first(&observed, Kind::LogGroup);
    let forget = |observed: &mut Observed, key| {
        if let ResourceState::LogGroup(group) = &mut observed.get_mut(key).unwrap().state {
            group.retention_days = None;
        }
    };
    forget(&mut observed, &key);
    let approved = approved(&desired, &observed);
    let other = observed
        .keys()
        .rfind(|k| k.kind == Kind::LogGroup)
        .unwrap()
        .clone();
    forget(&mut observed, &other);
    let fake = Arc::new(Fake::new(observed, None));
    let report = converged(&fake, approved, &desired).report;
    assert!(report.is_complete());
    assert_eq!(fake.state().journal, [(Action::Update, key)]);
}

#[test]
fn a_step_that_panics_is_a_failed_step_and_ends_no_other() {
    let desired = wanted(&spec());
    let fake = Arc::new(Fake::new(Observed::new(), None));
    fake.state().panics.insert(Kind::ElasticIp);
    let converged = converged(&fake, approved(&desired, &Observed::new()), &desired);
    let report = &converged.report;
    let failed: Vec<&str> = report.failed.iter().map(|f| f.id.kind.as_ref()).collect();
    assert_eq!(failed, ["elastic-ip"]);
    assert!(report.failed[0].error.contains("a defect of nex"));
    assert_eq!(report.failed[0].kind, ErrorKind::Other);
    let left: Vec<&str> = report.skipped.iter().map(|s| s.id.kind.as_ref()).collect();
    assert_eq!(left, ["elastic-ip-association"]);
    assert_eq!(report.done.len(), desired.len() - 2);
}

#[test]
fn a_failed_read_after_the_apply_is_reported_with_what_was_not_done() {
    let desired = wanted(&spec());
    let fault = Fault {
        at: 0,
        acts: false,
        kind: ErrorKind::Denied,
        dies: false,
    };
    let fake = Arc::new(Fake::new(Observed::new(), Some(fault)));
    let approved = approved(&desired, &Observed::new());
    let before = snapshot(Observed::new());
    let writer = Arc::clone(&fake);
    let context = RunContext::detached();
    let converged = block_on(converge(
        approved,
        &desired,
        before,
        &Unreadable,
        writer,
        context,
        NO_DELAY,
    ));
    let Converged { report, snapshot } = converged.expect("nothing has moved");
    assert_eq!(
        (report.unread.as_deref(), snapshot),
        (Some("no answer"), None)
    );
    assert_eq!(
        report.remaining.entries.len(),
        report.failed.len() + report.skipped.len()
    );
    assert!(!report.is_complete());
}

#[test]
fn an_adoption_sets_tags_and_nothing_else() {
    let (desired, observed, key) = foreign();
    let fake = Arc::new(Fake::new(observed.clone(), None));
    let adoption = adoption("staging", &desired, &observed, key.kind, &key.name).unwrap();
    let then = adoption.then.clone();
    let approved = adoption.plan.approve(&BTreeSet::new()).unwrap();
    let report = converged(&fake, approved.clone(), &desired).report;
    assert!(
        report.is_complete() && report.remaining.is_empty(),
        "{report:#?}"
    );
    assert_eq!(fake.state().journal, [(Action::Update, key.clone())]);
    let next = diff("staging", &desired, &fake.observed());
    assert_eq!(next.entries, Vec::from_iter(then));

    // Someone else replaced the resource, so nex adopts nothing.
    let mut other = observed;
    other.get_mut(&key).unwrap().id = "another".into();
    let fake = Arc::new(Fake::new(other, None));
    let report = converged(&fake, approved, &desired).report;
    assert!(report.done.is_empty() && fake.state().journal.is_empty());
}

//! Properties of any spec and any state: an apply creates each resource once, in order, and touches nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nex_infra::model::{
    Desired, Document, Key, Kind, Observed, ObservedResource, Owner, ResourceState,
};
use nex_infra::{Capacity, CloudReader, Converged, Snapshot, SubnetId, converge, diff};
use nex_plan::{
    Action, CancelToken, ErrorKind, Event, NoProgress, Progress, ResourceId, RunContext,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::any::{damaged, damages, specs};
use crate::engine::NO_DELAY;
use crate::fake::{Broken, Fake, Fault};
use crate::stored;
use crate::support::{allowances, plan, spec, wanted};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// One run of the command: reads, plans, allows everything, applies until nothing is left to try.
fn bootstrap(fake: &Arc<Fake>, desired: &Desired) -> Converged {
    let cancel = CancelToken::default();
    run(
        fake,
        desired,
        RunContext {
            progress: &NoProgress,
            cancel: &cancel,
        },
    )
}

fn run(fake: &Arc<Fake>, desired: &Desired, context: RunContext<'_>) -> Converged {
    block_on(async {
        let snapshot = fake.snapshot().await.expect("a read");
        let linted = plan(desired, &snapshot.observed);
        let named = allowances(&linted);
        let approved = linted.approve(&named).expect("all is named");
        let writer = Arc::clone(fake);
        let converged = converge(
            approved, desired, snapshot, &**fake, writer, context, NO_DELAY,
        );
        converged.await.expect("nothing has moved")
    })
}

/// The existing resources without their ids.
fn picture(observed: &Observed) -> BTreeMap<Key, (Owner, ResourceState)> {
    let entry =
        |(key, e): (&Key, &ObservedResource)| (key.clone(), (e.owner.clone(), e.state.clone()));
    observed.iter().map(entry).collect()
}

/// A foreign group that uses our template has a fixed version number, which may no longer be the newest one.
fn as_seen(now: &ObservedResource, before: &ObservedResource) -> ObservedResource {
    let mut now = now.clone();
    if let (ResourceState::AutoScalingGroup(now), ResourceState::AutoScalingGroup(before)) =
        (&mut now.state, &before.state)
    {
        now.template_version = before.template_version.clone();
    }
    now
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn specs_are_valid_and_a_built_environment_needs_no_change(spec in specs()) {
        prop_assert!(spec.validate().is_empty());
        let desired = wanted(&spec);
        let rest = plan(&desired, &stored::all(&desired));
        prop_assert!(rest.plan().is_empty());
        prop_assert!(rest.findings().iter().all(|f| f.code == "newer-image"));
    }

    #[test]
    fn any_state_becomes_the_desired_one_and_foreign_resources_stay_as_they_are(
        before in specs(), now in specs(), damage in damages(),
    ) {
        let desired = wanted(&now);
        let start = damaged(&wanted(&before), &desired, &damage);
        let fake = Arc::new(Fake::new(start.clone(), None));
        let outcome = bootstrap(&fake, &desired);
        prop_assert!(outcome.report.is_complete(), "{:#?}", outcome.report);
        prop_assert!(outcome.report.remaining.is_empty(), "{:#?}", outcome.report.remaining);
        let end = fake.observed();
        // EC2 itself ends an association with our instance if the instance is replaced.
        let ended = |key: &Key| key.kind == Kind::ElasticIpAssociation;
        let foreign = start.iter().filter(|(key, e)| e.owner == Owner::Other && !ended(key));
        for (key, existing) in foreign {
            let seen = end.get(key).map(|e| as_seen(e, existing));
            prop_assert_eq!(seen.as_ref(), Some(existing));
        }
        for (key, _) in desired.iter().filter(|(key, _)| !end.contains_key(key)) {
            let foreign = end.values().any(|e| e.owner == Owner::Other);
            prop_assert!(foreign, "{:?} is missing", key);
        }
    }

    #[test]
    fn the_order_of_lists_never_matters(
        spec in specs(), ssh in Just(vec!["10.0.0.0/8", "192.0.2.0/24", "::/0"]).prop_shuffle(),
    ) {
        let with = |nets: &[&str]| {
            let mut spec = spec.clone();
            spec.server.ssh_from = nets.iter().map(|n| n.to_string()).collect();
            wanted(&spec)
        };
        let observed = stored::all(&with(&["::/0", "192.0.2.0/24", "10.0.0.0/8"]));
        prop_assert!(diff("staging", &with(&ssh), &observed).is_empty());
    }

    #[test]
    fn a_policy_document_is_the_same_in_any_order(
        (actions, shuffled) in shuffled("[a-z]{2,4}:[A-Z][a-z]{2,5}"),
        (resources, turned) in shuffled("arn:[a-z]{1,8}"),
    ) {
        let text = |items: &[String]| Value::from(items.to_vec());
        let one = |items: &[String]| match items {
            [item] => Value::from(item.as_str()),
            items => text(items),
        };
        let statement = |sid: &str, action: Value, resource: Value| {
            json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource})
        };
        let a = Document::new(json!({"Statement": [
            statement("A", text(&actions), text(&resources)),
            statement("B", text(&resources), text(&actions)),
        ]}));
        let b = Document::new(json!({"Statement": [
            statement("B", one(&turned), one(&shuffled)),
            statement("A", one(&shuffled), one(&turned)),
        ]}));
        prop_assert_eq!(&a, &b);
        prop_assert_eq!(a.to_string(), b.to_string());
        prop_assert_eq!(Document::new(a.as_json().clone()), a);
    }
}

fn shuffled(pattern: &'static str) -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let items = proptest::collection::btree_set(pattern, 1..4);
    items.prop_flat_map(|items| {
        let items: Vec<String> = items.into_iter().collect();
        (Just(items.clone()), Just(items).prop_shuffle())
    })
}

/// The reference deployment with a server that gets a new image, a fleet that changes, and resources that are missing.
fn half_done() -> (Desired, Observed) {
    let mut now = spec();
    now.server.image = Some("ami-0abc".into());
    now.fleet.as_mut().expect("a fleet").volume_gb = 50;
    let desired = wanted(&now);
    let mut observed = stored::all(&wanted(&spec()));
    for kind in [Kind::LifecycleHook, Kind::SnapshotPolicy, Kind::S3Bucket] {
        let key = observed
            .keys()
            .find(|k| k.kind == kind)
            .expect("one of each")
            .clone();
        stored::lose(&mut observed, &key);
    }
    (desired, observed)
}

/// Every write in turn fails in every way, both in an empty account and in a half-built environment.
#[test]
fn a_failure_at_any_write_is_fixed_by_this_run_or_the_next_one() {
    for (desired, start) in [(wanted(&spec()), Observed::new()), half_done()] {
        let calm = Arc::new(Fake::new(start.clone(), None));
        bootstrap(&calm, &desired);
        let end = picture(&calm.observed());
        let writes = plan(&desired, &start).plan().entries.len();
        for at in 0..=writes {
            for (acts, kind, dies) in [
                (false, ErrorKind::Indeterminate, false),
                (true, ErrorKind::Indeterminate, false),
                (false, ErrorKind::Indeterminate, true),
                (true, ErrorKind::Indeterminate, true),
                (false, ErrorKind::Denied, false),
            ] {
                let fault = Fault {
                    at,
                    acts,
                    kind,
                    dies,
                };
                let fake = Arc::new(Fake::new(start.clone(), Some(fault)));
                let first = bootstrap(&fake, &desired);
                if kind == ErrorKind::Indeterminate && !dies {
                    assert!(
                        first.report.is_complete() && first.report.remaining.is_empty(),
                        "{fault:?} {:#?}",
                        first.report
                    );
                }
                let again = Arc::new(Fake::new(fake.observed(), None));
                let second = bootstrap(&again, &desired);
                assert!(
                    second.report.is_complete() && second.report.remaining.is_empty(),
                    "{fault:?}"
                );
                assert_eq!(
                    without_leftovers(picture(&again.observed())),
                    without_leftovers(end.clone()),
                    "{fault:?}"
                );
                assert_eq!(fake.state().twice, [], "{fault:?}");
                assert_eq!(again.state().twice, [], "{fault:?}");
            }
        }
    }
}

/// Removes left-over volumes, because they are named by their ids.
fn without_leftovers(
    mut picture: BTreeMap<Key, (Owner, ResourceState)>,
) -> (usize, BTreeMap<Key, (Owner, ResourceState)>) {
    let all = picture.len();
    picture.retain(|_, (_, r)| !matches!(r, ResourceState::Volume(v) if v.instance.is_none()));
    (all - picture.len(), picture)
}

/// The fake refuses a step that comes too early. This test checks the order itself, and that steps run in parallel.
#[test]
fn steps_start_when_their_needs_are_done_and_independent_steps_run_in_parallel() {
    let desired = wanted(&spec());
    let fake = Arc::new(Fake::new(Observed::new(), None));
    let report = bootstrap(&fake, &desired).report;
    assert!(report.is_complete());
    let order: Vec<ResourceId> = report.done.iter().map(|d| d.id.clone()).collect();
    let key_of = |id: &ResourceId| desired.keys().find(|key| key.resource_id() == *id);
    for (n, id) in order.iter().enumerate() {
        let key = key_of(id).expect("a resource of the spec");
        for need in desired[key].needs() {
            let is_before = order[..n].contains(&need.resource_id());
            assert!(is_before, "{key} came before {need}");
        }
    }
    assert_eq!(order.len(), desired.len());
    let side_by_side = fake.state().side_by_side;
    assert!((10..=24).contains(&side_by_side), "{side_by_side}");
}

/// `destroy` deletes everything in reverse order: the desired state is empty.
#[test]
fn a_resource_is_deleted_after_everything_that_needs_it() {
    let fake = Arc::new(Fake::new(stored::all(&wanted(&spec())), None));
    let outcome = bootstrap(&fake, &Desired::new());
    assert!(outcome.report.is_complete(), "{:#?}", outcome.report.failed);
    let left: BTreeSet<Kind> = fake.observed().keys().map(|k| k.kind).collect();
    assert_eq!(left, BTreeSet::new());
}

/// Cancels the run at its n-th step.
struct CancelAt<'a> {
    cancel: &'a CancelToken,
    left: std::sync::atomic::AtomicUsize,
}

impl Progress for CancelAt<'_> {
    fn event(&self, event: Event) {
        use std::sync::atomic::Ordering::Relaxed;
        if matches!(event, Event::Started { .. }) && self.left.fetch_sub(1, Relaxed) == 1 {
            self.cancel.cancel();
        }
    }
}

#[test]
fn a_stopped_run_finishes_its_running_steps_and_the_next_run_continues() {
    let desired = wanted(&spec());
    for n in 1..desired.len() {
        let fake = Arc::new(Fake::new(Observed::new(), None));
        let cancel = CancelToken::default();
        let progress = CancelAt {
            cancel: &cancel,
            left: n.into(),
        };
        let context = RunContext {
            progress: &progress,
            cancel: &cancel,
        };
        let report = run(&fake, &desired, context).report;
        assert!(report.stopped && report.failed.is_empty());
        assert_eq!(report.done.len(), n);
        assert_eq!(report.done.len() + report.skipped.len(), desired.len());
        let outcome = bootstrap(&fake, &desired);
        assert!(outcome.report.is_complete() && outcome.report.remaining.is_empty());
        assert_eq!(picture(&fake.observed()), picture(&stored::all(&desired)));
    }
}

/// A cloud that starts the server in another subnet than the requested one.
struct Meddled<'a>(&'a Fake);

impl CloudReader for Meddled<'_> {
    type Error = Broken;

    async fn snapshot(&self) -> Result<Snapshot, Broken> {
        let mut snapshot = self.0.snapshot().await?;
        for existing in snapshot.observed.values_mut() {
            if let ResourceState::Instance(instance) = &mut existing.state {
                instance.subnet = SubnetId::new("subnet-9");
            }
        }
        Ok(snapshot)
    }

    async fn capacity(&self) -> Result<Capacity, Broken> {
        self.0.capacity().await
    }
}

#[test]
fn a_later_round_does_not_replace_a_resource_that_was_approved_for_creation() {
    let desired = wanted(&spec());
    for at in 0..desired.len() {
        let fault = Fault {
            at,
            acts: true,
            kind: ErrorKind::Indeterminate,
            dies: false,
        };
        let fake = Arc::new(Fake::new(Observed::new(), Some(fault)));
        let outcome = block_on(async {
            let snapshot = fake.snapshot().await.expect("a read");
            let approved = plan(&desired, &snapshot.observed).approve(&BTreeSet::new());
            let approved = approved.expect("a fresh plan is not refused");
            let (reader, writer) = (Meddled(&fake), Arc::clone(&fake));
            let context = RunContext::detached();
            converge(
                approved, &desired, snapshot, &reader, writer, context, NO_DELAY,
            )
            .await
        });
        let report = outcome.expect("nothing has moved").report;
        assert_eq!(report.remaining.counts().replace, 1);
        let journal = &fake.state().journal;
        assert!(journal.iter().all(|(action, _)| *action != Action::Delete));
    }
}

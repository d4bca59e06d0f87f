//! Adopting resources that someone else made.

use std::collections::{BTreeMap, BTreeSet};

use nex_infra::model::{Desired, Key, Kind, Observed, Owner, ResourceState};
use nex_infra::{Adoption, AdoptionError, Adoptions, Snapshot, adoption, adoptions};
use nex_plan::{PlanEntry as _, Planned, Renderer};

use crate::support::{built, facts, first};

/// The reference deployment with a scaling group that someone else made, with other tags and another maximum.
pub(crate) fn foreign() -> (Desired, Observed, Key) {
    let (desired, mut observed) = built();
    let key = first(&observed, Kind::AutoScalingGroup);
    let existing = observed.get_mut(&key).unwrap();
    existing.owner = Owner::Other;
    if let ResourceState::AutoScalingGroup(group) = &mut existing.state {
        group.tags.remove("ManagedBy");
        group.max = 10;
    }
    (desired, observed, key)
}

fn adopt(
    desired: &Desired,
    observed: &Observed,
    kind: Kind,
    id: &str,
) -> Result<Adoption, AdoptionError> {
    adoption("staging", desired, observed, kind, id)
}

#[test]
fn an_adoption_sets_tags_and_shows_what_follows() {
    let (desired, observed, key) = foreign();
    for id in [key.name.as_str(), &observed[&key].id] {
        let adoption = adopt(&desired, &observed, key.kind, id).unwrap();
        assert_eq!(adoption.target, observed[&key]);
        expect_test::expect![[r#"
            ~ update  auto-scaling-group nex-staging-gitlab-runner
                tags.ManagedBy: (none) -> "nex"

            staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        "#]]
        .assert_eq(&Renderer::plain().linted(&adoption.plan));
        let Some(Planned::Ready(then)) = adoption.then else {
            panic!("the maximum differs");
        };
        let fields: Vec<String> = then.fields().iter().map(|f| f.field.to_string()).collect();
        assert_eq!(fields, ["max"]);
        assert!(adoption.plan.approve(&Default::default()).is_ok());
    }
}

#[test]
fn an_adoption_is_refused_for_these_reasons() {
    let (mut desired, observed, key) = foreign();
    let error = |desired: &Desired, kind, id: &str| adopt(desired, &observed, kind, id).err();

    let missing = error(&desired, key.kind, "other").unwrap();
    let names = vec!["nex-staging-gitlab-runner".to_owned()];
    assert!(
        matches!(&missing, AdoptionError::NotFound { names: found, .. } if *found == names),
        "{missing}"
    );
    let bucket = first(&observed, Kind::S3Bucket);
    assert_eq!(
        error(&desired, bucket.kind, &bucket.name),
        Some(AdoptionError::AlreadyOwned(bucket.resource_id()))
    );
    let mut foreign_parts = observed.clone();
    let hook = first(&observed, Kind::LifecycleHook);
    foreign_parts.get_mut(&hook).unwrap().owner = Owner::Other;
    assert_eq!(
        adopt(&desired, &foreign_parts, hook.kind, &hook.name).err(),
        Some(AdoptionError::Untagged(Kind::LifecycleHook))
    );
    desired.remove(&key);
    assert_eq!(
        error(&desired, key.kind, &key.name),
        Some(AdoptionError::NotInSpec(key.resource_id()))
    );
}

/// The reference as an older nex made it: its tags do not name the deployment.
pub(crate) fn older() -> (Desired, Observed) {
    let (desired, mut observed) = built();
    for existing in observed.values_mut() {
        existing.owner = Owner::Other;
        if let Some(tags) = existing.state.tags_mut() {
            tags.remove("Deployment");
        }
    }
    (desired, observed)
}

fn all(
    desired: &Desired,
    observed: &Observed,
    rivals: BTreeMap<Key, BTreeSet<String>>,
) -> Adoptions {
    let snapshot = Snapshot {
        facts: facts(),
        observed: observed.clone(),
        rivals,
    };
    adoptions("staging", desired, &snapshot)
}

fn adopted(adoptions: &Adoptions) -> BTreeSet<Key> {
    let steps = adoptions.plan.plan().steps();
    steps.map(|step| step.key.clone()).collect()
}

#[test]
fn everything_that_an_older_nex_made_is_taken_over_at_once() {
    let (desired, mut observed) = older();
    let group = first(&observed, Kind::AutoScalingGroup);
    let hook = first(&observed, Kind::LifecycleHook);
    for key in [&group, &hook] {
        match &mut observed.get_mut(key).unwrap().state {
            ResourceState::AutoScalingGroup(group) => group.max = 10,
            ResourceState::LifecycleHook(hook) => hook.heartbeat_seconds = 60,
            _ => {}
        }
    }
    let adoptions = all(&desired, &observed, BTreeMap::new());
    let tagged = desired.iter().filter(|(_, new)| new.tags().is_some());
    let tagged: BTreeSet<Key> = tagged.map(|(key, _)| key.clone()).collect();
    assert_eq!(adopted(&adoptions), tagged);
    assert!(adoptions.plan.findings().is_empty());
    let step = |kind| {
        let mut steps = adoptions.plan.plan().steps();
        steps.find(|step| step.key.kind == kind).unwrap()
    };
    // Once the instance is nex's, its volume counts as nex's too.
    let volume = first(&observed, Kind::Volume);
    assert_eq!(step(Kind::Instance).needs, BTreeSet::from([volume]));
    let fields = step(Kind::LogGroup).fields();
    let fields: Vec<&str> = fields.iter().map(|field| &*field.field).collect();
    assert_eq!(fields, ["tags"]);

    // The hook has no tags: it comes with its group.
    let then = adoptions.then.entries.iter().map(Planned::id);
    assert_eq!(
        BTreeSet::from_iter(then),
        BTreeSet::from([group.resource_id(), hook.resource_id()])
    );
    let owned = adoptions.after.values().all(|e| e.owner == Owner::Nex);
    assert!(owned, "{:?}", adoptions.after);
}

#[test]
fn what_another_deployment_owns_is_named_and_stays_with_its_parts() {
    let (desired, mut observed) = older();
    let instance = first(&observed, Kind::Instance);
    let existing = observed.get_mut(&instance).unwrap();
    existing.owner = Owner::Deployment("other-staging".into());
    let adoptions = all(&desired, &observed, BTreeMap::new());
    let adopted = adopted(&adoptions);
    assert!(!adopted.contains(&instance));
    assert!(!adopted.contains(&first(&observed, Kind::Volume)));
    assert!(adopted.contains(&first(&observed, Kind::ElasticIp)));
    let id = &observed[&instance].id;
    let finding = Renderer::plain().finding(&adoptions.plan.findings()[0]);
    assert!(
        finding.starts_with(&format!(
            "warning[other-deployment] {instance}: {id} belongs to nex's deployment other-staging"
        )),
        "{finding}"
    );
    assert!(adoptions.plan.approve(&BTreeSet::new()).is_ok());
}

#[test]
fn of_two_candidates_none_is_taken_unless_the_operator_leaves_both() {
    let (desired, observed) = older();
    let instance = first(&observed, Kind::Instance);
    let ids = BTreeSet::from(["i-1".to_owned(), "i-2".to_owned()]);
    let adoptions = all(&desired, &observed, [(instance.clone(), ids)].into());
    let adopted = adopted(&adoptions);
    assert!(!adopted.contains(&instance));
    assert!(!adopted.contains(&first(&observed, Kind::Volume)));
    let denial = adoptions.plan.denials().next().unwrap();
    assert_eq!(denial.code, "ambiguous");
    assert!(denial.message.ends_with("between them: i-1, i-2"));
    let allowance = denial.allowance();
    assert!(adoptions.plan.clone().approve(&BTreeSet::new()).is_err());
    let approved = adoptions.plan.approve(&[allowance].into()).unwrap();
    assert_eq!(approved.plan().steps().count(), adopted.len());
}

#[test]
fn what_the_spec_does_not_ask_for_is_not_taken_over() {
    let (mut desired, observed) = older();
    let bucket = first(&observed, Kind::S3Bucket);
    desired.remove(&bucket);
    assert!(!adopted(&all(&desired, &observed, BTreeMap::new())).contains(&bucket));
    let (desired, observed) = built();
    let nothing = all(&desired, &observed, BTreeMap::new());
    assert!(nothing.plan.plan().is_empty() && nothing.then.is_empty());
}

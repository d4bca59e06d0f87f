//! Adopting resources that someone else made.

use nex_infra::model::{Desired, Key, Kind, Observed, Owner, ResourceState};
use nex_infra::{Adoption, AdoptionError, adoption};
use nex_plan::{PlanEntry as _, Planned, Renderer};

use crate::support::{built, first};

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

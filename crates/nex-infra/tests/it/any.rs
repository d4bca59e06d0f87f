//! Strategies for any valid spec, and for anything that others may do to an environment.

use nex_infra::Spec;
use nex_infra::model::{Desired, Key, Kind, Observed, Owner};
use nex_infra::spec::{Credits, Fleet};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::drift::DRIFTS;
use crate::stored;
use crate::support::spec;

fn networks() -> impl Strategy<Value = Vec<String>> {
    let nets = [
        "203.0.113.0/24",
        "0.0.0.0/0",
        "10.0.0.0/8",
        "2001:DB8:0::/32",
        "::/0",
    ];
    subsequence(nets.map(String::from).to_vec(), 0..=nets.len()).prop_shuffle()
}

fn image() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("ami-[0-9a-f]{8}")
}

fn fleets() -> impl Strategy<Value = Fleet> {
    let types = ["t3a.large", "t3.large", "m5.large", "c6i.xlarge"].map(String::from);
    let types = subsequence(types.to_vec(), 1..=4).prop_shuffle();
    let sizes = (0u32..4, 1u32..4, 0u32..=100, 0u32..3);
    let credits = select(vec![Credits::Standard, Credits::Unlimited]);
    (types, sizes, 20u32..300, image(), credits, 30u32..7200).prop_map(
        |(instance_types, (min, more, spot_percent, base), volume_gb, image, credits, drain)| {
            Fleet {
                instance_types,
                min,
                max: min + more,
                desired: min,
                on_demand_base: base,
                spot_percent,
                volume_gb,
                image,
                credits,
                drain_seconds: drain,
                ..Fleet::default()
            }
        },
    )
}

prop_compose! {
    pub(crate) fn specs()(
        tags in proptest::collection::btree_map("[a-z]{1,6}x", "[A-Za-z0-9 _.:/=+@-]{0,12}", 0..3),
        ssh in networks(),
        web in networks(),
        (kind, volume, pinned, protection) in
            (select(vec!["t3a.xlarge", "m5.xlarge"]), 30u32..500, image(), any::<bool>()),
        (existing, backups, ingress) in (any::<bool>(), 1u32..100, any::<bool>()),
        (at, snapshots, logs) in
            (select(vec!["03:00", "23:59"]), 1u32..30, select(vec![1u32, 14, 30, 3653])),
        fleet in proptest::option::weighted(0.8, fleets()),
    ) -> Spec {
        let mut spec = spec();
        spec.tags = tags;
        spec.server.ssh_from = ssh;
        spec.server.web_from = web;
        spec.server.instance_type = kind.into();
        spec.server.volume_gb = volume;
        spec.server.image = pinned;
        spec.server.termination_protection = protection;
        spec.storage.backups.existing = existing;
        spec.storage.backups.keep_days = backups;
        spec.database.allow_ingress = ingress;
        spec.snapshots.at = at.into();
        spec.snapshots.keep_days = snapshots;
        spec.logs.gitlab_days = logs;
        spec.fleet = fleet;
        spec
    }
}

/// What others did to an environment.
#[derive(Clone, Debug)]
pub(crate) struct Damage {
    lost: Vec<Index>,
    drifted: Vec<Index>,
    foreign: Vec<Index>,
}

prop_compose! {
    pub(crate) fn damages()(
        lost in proptest::collection::vec(any::<Index>(), 0..8),
        drifted in proptest::collection::vec(any::<Index>(), 0..8),
        foreign in proptest::collection::vec(any::<Index>(), 0..3),
    ) -> Damage {
        Damage { lost, drifted, foreign }
    }
}

/// A lookup by name finds neither a group of another VPC nor a volume of another instance.
fn can_happen(key: &Key, field: &str) -> bool {
    ![(Kind::SecurityGroup, "vpc"), (Kind::Volume, "instance")].contains(&(key.kind, field))
}

/// The state of `before` after it was built and changed by others. Only resources that `now` asks for become foreign.
pub(crate) fn damaged(before: &Desired, now: &Desired, damage: &Damage) -> Observed {
    let mut observed = stored::all(before);
    // A volume is lost only together with its instance.
    for index in &damage.lost {
        let keys: Vec<Key> = observed
            .keys()
            .filter(|k| k.kind != Kind::Volume)
            .cloned()
            .collect();
        stored::lose(&mut observed, index.get(&keys));
    }
    for index in &damage.drifted {
        let drift = index.get(DRIFTS);
        let key = observed
            .keys()
            .find(|k| k.kind == drift.kind && can_happen(k, drift.field));
        if let Some(existing) = key.cloned().and_then(|key| observed.get_mut(&key)) {
            (drift.change)(&mut existing.state);
        }
    }
    for index in &damage.foreign {
        let wholes = [
            Kind::SecurityGroup,
            Kind::IamRole,
            Kind::S3Bucket,
            Kind::Secret,
            Kind::Instance,
            Kind::ElasticIp,
            Kind::LaunchTemplate,
            Kind::AutoScalingGroup,
        ];
        let keys: Vec<Key> = observed
            .keys()
            .filter(|k| wholes.contains(&k.kind) && now.contains_key(k))
            .cloned()
            .collect();
        if !keys.is_empty() {
            give_away(&mut observed, index.get(&keys));
        }
    }
    observed
}

/// A part has the owner of the resource that it belongs to.
fn give_away(observed: &mut Observed, whole: &Key) {
    let parts = [
        Kind::Volume,
        Kind::ElasticIpAssociation,
        Kind::LifecycleHook,
        Kind::ScalingPolicy,
        Kind::DatabaseIngress,
    ];
    for (key, existing) in observed.iter_mut() {
        let is_part = parts.contains(&key.kind) && existing.state.needs().contains(whole);
        if key == whole || is_part {
            existing.owner = Owner::Other;
        }
    }
}

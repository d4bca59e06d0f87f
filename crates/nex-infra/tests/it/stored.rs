//! How AWS stores a desired resource: the form in which a resource is read back.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use nex_infra::model::{
    Desired, DesiredResource, ElasticIp, Image, Instance, Key, Kind, LaunchTemplate, Observed,
    ObservedResource, Owner, ResourceState, ScalingGroup, Secret, SecretSource, SecretValue,
    TemplateVersion, Volume,
};

/// The address that the fake always allocates.
pub(crate) const PUBLIC_IP: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

/// All of `desired` as it is read back after a build.
pub(crate) fn all(desired: &Desired) -> Observed {
    let existing = |(key, new): (&Key, &DesiredResource)| {
        let existing = ObservedResource {
            id: id(key, 0),
            owner: Owner::Nex,
            state: created(new),
        };
        (key.clone(), existing)
    };
    desired.iter().map(existing).collect()
}

/// An id in the style of AWS; `n` is the generation.
pub(crate) fn id(key: &Key, n: usize) -> String {
    format!("{}-{n}", key.resource_id())
}

/// A new resource as it is read back.
pub(crate) fn created(new: &DesiredResource) -> ResourceState {
    use DesiredResource as D;
    match new.clone() {
        D::SecurityGroup(new) => new.into(),
        D::DatabaseIngress(new) => new.into(),
        D::IamRole(new) => new.into(),
        D::InstanceProfile(new) => new.into(),
        D::S3Bucket(new) => new.into(),
        D::Secret(new) => ResourceState::Secret(Secret {
            name: new.name,
            description: new.description,
            value: match new.source {
                SecretSource::Random | SecretSource::Supplied => SecretValue::Present,
                SecretSource::External => SecretValue::Absent,
            },
            replicas: BTreeSet::new(),
            tags: new.tags,
        }),
        D::LogGroup(new) => new.into(),
        D::ElasticIp(new) => ResourceState::ElasticIp(ElasticIp {
            name: new.name,
            public_ip: PUBLIC_IP,
            tags: new.tags,
        }),
        D::Instance(new) => ResourceState::Instance(instance(new.instance)),
        D::Volume(new) => ResourceState::Volume(Volume {
            instance: Some(new.instance),
            name: new.name,
            size_gb: new.size_gb,
            volume_type: new.volume_type,
            encrypted: new.encrypted,
            tags: new.tags,
        }),
        D::ElasticIpAssociation(new) => new.into(),
        D::SnapshotPolicy(new) => new.into(),
        D::LaunchTemplate(new) => ResourceState::LaunchTemplate(template(new)),
        D::AutoScalingGroup(new) => ResourceState::AutoScalingGroup(ScalingGroup {
            template_version: TemplateVersion::Newest,
            name: new.name,
            template: new.template,
            subnets: new.subnets,
            min: new.min,
            max: new.max,
            desired: new.desired,
            instance_types: new.instance_types,
            on_demand_base: new.on_demand_base,
            on_demand_percent: new.on_demand_percent,
            spot_strategy: new.spot_strategy,
            spot_max_price: new.spot_max_price,
            suspended: new.suspended,
            capacity_rebalance: new.capacity_rebalance,
            retain_abandoned: new.retain_abandoned,
            tags: new.tags,
        }),
        D::LifecycleHook(new) => new.into(),
        D::ScalingPolicy(new) => new.into(),
    }
}

fn instance(new: Instance<Image>) -> Instance {
    Instance {
        image: new.image.id,
        name: new.name,
        instance_type: new.instance_type,
        subnet: new.subnet,
        security_groups: new.security_groups,
        profile: new.profile,
        metadata: new.metadata,
        running: new.running,
        termination_protection: new.termination_protection,
        delete_root_volume: new.delete_root_volume,
        tags: new.tags,
    }
}

fn template(new: LaunchTemplate<Image>) -> LaunchTemplate {
    LaunchTemplate {
        image: new.image.id,
        name: new.name,
        instance_type: new.instance_type,
        security_groups: new.security_groups,
        profile: new.profile,
        root_volume: new.root_volume,
        metadata: new.metadata,
        credits: new.credits,
        user_data: new.user_data,
        other_settings: new.other_settings,
        instance_tags: new.instance_tags,
        newest_is_default: new.newest_is_default,
        tags: new.tags,
    }
}

/// The resource as it is read back after an update, or why AWS refuses the update.
pub(crate) fn updated(
    old: &ResourceState,
    new: &DesiredResource,
) -> Result<ResourceState, &'static str> {
    use DesiredResource as D;
    use ResourceState as S;
    let mut stored = created(new);
    match (&mut stored, old, new) {
        (S::SecurityGroup(stored), S::SecurityGroup(old), _) => {
            if stored.vpc != old.vpc {
                return Err("a group stays in its VPC");
            }
            stored.description = old.description.clone();
        }
        (S::Instance(stored), S::Instance(old), D::Instance(new)) => {
            let image = &new.instance.image;
            if stored.subnet != old.subnet || image.pinned && image.id != old.image {
                return Err("an instance keeps its subnet and its image");
            }
            stored.image = old.image.clone();
        }
        (S::IamRole(stored), S::IamRole(old), _) => {
            stored.boundary = old.boundary.clone();
        }
        (S::Volume(stored), S::Volume(old), _) => {
            stored.size_gb = stored.size_gb.max(old.size_gb);
            stored.encrypted = old.encrypted;
            stored.name = old.name.clone();
            stored.instance = old.instance.clone();
        }
        (S::AutoScalingGroup(stored), S::AutoScalingGroup(old), _) => {
            stored.desired = old.desired;
        }
        (S::LaunchTemplate(stored), S::LaunchTemplate(old), _) if !makes_version(old, new) => {
            stored.image = old.image.clone();
        }
        (S::Secret(stored), S::Secret(old), _) if old.value == SecretValue::Present => {
            stored.value = SecretValue::Present;
        }
        (S::DatabaseIngress(stored), S::DatabaseIngress(old), _) if stored != old => {
            return Err("a rule is what it is");
        }
        _ => {}
    }
    Ok(stored)
}

/// Whether a template's content differs: a second implementation of the diff's answer, for comparison.
pub(crate) fn makes_version(old: &LaunchTemplate, new: &DesiredResource) -> bool {
    let DesiredResource::LaunchTemplate(new) = new else {
        return false;
    };
    let is_pinned = new.image.pinned;
    let mut new = template(new.clone());
    if !is_pinned {
        new.image = old.image.clone();
    }
    new.tags = old.tags.clone();
    new.newest_is_default = old.newest_is_default;
    new != *old
}

/// Removes `key` with its parts. Its volume becomes a left-over one.
pub(crate) fn lose(observed: &mut Observed, key: &Key) {
    observed.remove(key);
    let of = |e: &ObservedResource| e.state.needs().contains(key);
    let parts = [
        Kind::LifecycleHook,
        Kind::ScalingPolicy,
        Kind::ElasticIpAssociation,
    ];
    observed.retain(|k, e| !(parts.contains(&k.kind) && of(e)));
    let volumes: Vec<Key> = observed
        .iter()
        .filter(|(k, e)| k.kind == Kind::Volume && of(e))
        .map(|(k, _)| k.clone())
        .collect();
    for volume in volumes {
        leave_over(observed, &volume);
    }
}

fn leave_over(observed: &mut Observed, key: &Key) {
    let Some(mut existing) = observed.remove(key) else {
        return;
    };
    if let ResourceState::Volume(volume) = &mut existing.state {
        volume.instance = None;
        volume.name = existing.id.clone();
    }
    observed.insert(existing.state.key(), existing);
}

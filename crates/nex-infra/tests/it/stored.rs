//! What AWS keeps of what it is asked for: the form in which a resource is read back.

use nex_infra::model::{
    Content, Desired, Existing, Key, Kind, LaunchTemplate, Observed, Owner, Resource,
    TemplateVersion,
};

/// The address that the fake gives to everyone.
pub(crate) const PUBLIC_IP: &str = "198.51.100.7";

/// All of `desired` as it is read back once it is built.
pub(crate) fn all(desired: &Desired) -> Observed {
    let existing = |(key, new): (&Key, &Resource)| {
        let existing = Existing {
            id: id(key, 0),
            owner: Owner::Nex,
            resource: created(new),
        };
        (key.clone(), existing)
    };
    desired.iter().map(existing).collect()
}

/// An id in the manner of AWS; `n` tells generations apart.
pub(crate) fn id(key: &Key, n: usize) -> String {
    format!("{}-{n}", key.resource_id())
}

/// A new resource as it is read back.
pub(crate) fn created(new: &Resource) -> Resource {
    let mut stored = new.clone();
    match &mut stored {
        Resource::Instance(instance) => {
            instance.image.pinned = false;
            instance.user_data = None;
            instance.secrets.clear();
            instance.volume_tags.clear();
        }
        Resource::ElasticIp(address) => address.public_ip = Some(PUBLIC_IP.into()),
        Resource::LaunchTemplate(template) => template.image.pinned = false,
        Resource::AutoScalingGroup(group) => group.template_version = TemplateVersion::Newest,
        Resource::Secret(secret) => {
            secret.content = match secret.content {
                Content::Generated | Content::Given | Content::There => Content::There,
                Content::Later | Content::Missing => Content::Missing,
            }
        }
        _ => {}
    }
    stored
}

/// What is read back after an update, or why AWS refuses it.
pub(crate) fn updated(old: &Resource, new: &Resource) -> Result<Resource, &'static str> {
    let mut stored = created(new);
    match (&mut stored, old, new) {
        (Resource::SecurityGroup(stored), Resource::SecurityGroup(old), _) => {
            if stored.vpc != old.vpc {
                return Err("a group stays in its VPC");
            }
            stored.description = old.description.clone();
        }
        (Resource::Instance(stored), Resource::Instance(old), Resource::Instance(new)) => {
            if stored.subnet != old.subnet || new.image.pinned && new.image.id != old.image.id {
                return Err("an instance keeps its subnet and its image");
            }
            stored.image = old.image.clone();
            stored.disk = old.disk.clone();
        }
        (Resource::Volume(stored), Resource::Volume(old), _) => {
            stored.size_gb = stored.size_gb.max(old.size_gb);
            stored.encrypted = old.encrypted;
            stored.name = old.name.clone();
            stored.instance = old.instance.clone();
        }
        (Resource::AutoScalingGroup(stored), Resource::AutoScalingGroup(old), _) => {
            stored.desired = old.desired;
        }
        (Resource::LaunchTemplate(stored), Resource::LaunchTemplate(old), _)
            if !makes_version(old, new) =>
        {
            stored.image = old.image.clone();
        }
        (Resource::Secret(stored), Resource::Secret(old), _) if old.content == Content::There => {
            stored.content = Content::There;
        }
        (Resource::DatabaseIngress(stored), Resource::DatabaseIngress(old), _) if stored != old => {
            return Err("a rule is what it is");
        }
        _ => {}
    }
    Ok(stored)
}

/// Whether a template's content differs: an independent word on what the writer asks the diff.
pub(crate) fn makes_version(old: &LaunchTemplate, new: &Resource) -> bool {
    let Resource::LaunchTemplate(new) = new else {
        return false;
    };
    let mut new = new.clone();
    if !new.image.pinned {
        new.image.id = old.image.id.clone();
    }
    new.image.pinned = false;
    new.tags = old.tags.clone();
    new.newest_is_default = old.newest_is_default;
    new != *old
}

/// What `key` would take with it, were it gone: parts go with the whole, a volume is left over.
pub(crate) fn lose(observed: &mut Observed, key: &Key) {
    observed.remove(key);
    let of = |e: &Existing| e.resource.needs().contains(key);
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
    if let Resource::Volume(volume) = &mut existing.resource {
        volume.instance = None;
        volume.name = existing.id.clone();
    }
    observed.insert(existing.resource.key(), existing);
}

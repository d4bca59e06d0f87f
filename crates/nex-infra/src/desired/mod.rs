//! What a spec asks for, as resources: a pure function.

mod edge;
mod fleet;
mod server;

use crate::facts::Facts;
use crate::ids::ImageId;
use crate::inputs::Inputs;
use crate::model::{
    DeletedValue, Desired, Image, LifecycleRule, Observed, RootVolume, SecretSource,
};
use crate::names::{Buckets, Component, LogGroups, Names, Secrets, Tags};
use crate::policy::Scope;
use crate::spec::Spec;

/// Days until S3 deletes the parts of an unfinished upload.
const ABORT_UPLOADS_DAYS: u32 = 7;

/// The resources that `spec` asks for.
///
/// The function looks at `observed` only if Cloudflare's networks are [unread](crate::EdgeNetworks::Unread): the
/// server's security group then keeps its rules for ports 80 and 443.
pub fn desired(
    spec: &Spec,
    names: &Names,
    facts: &Facts,
    inputs: &Inputs,
    observed: &Observed,
) -> Desired {
    let builder = DesiredBuilder {
        spec,
        names,
        facts,
        inputs,
        observed,
        buckets: names.buckets(spec),
        secrets: names.secrets(),
        logs: names.log_groups(),
        scope: Scope {
            partition: facts.partition.clone(),
            region: facts.region.clone(),
            account: facts.account.clone(),
        },
    };
    let mut resources = builder.server();
    if let Some(fleet) = &spec.fleet {
        resources.extend(builder.fleet(fleet));
    }
    resources.into_iter().map(|r| (r.key(), r)).collect()
}

/// Everything that the desired state may depend on.
struct DesiredBuilder<'a> {
    spec: &'a Spec,
    names: &'a Names,
    facts: &'a Facts,
    inputs: &'a Inputs,
    observed: &'a Observed,
    buckets: Buckets,
    secrets: Secrets,
    logs: LogGroups,
    scope: Scope,
}

impl DesiredBuilder<'_> {
    fn tags(&self, component: Component) -> Tags {
        self.names.tags(component, &self.spec.tags)
    }

    /// What becomes of the value of the deleted secret `name`. The caller's value replaces any other.
    fn deleted_value(&self, name: &str, source: SecretSource) -> Option<DeletedValue> {
        let is_deleted = self.facts.deleted_secrets.contains_key(name);
        match source {
            SecretSource::Random | SecretSource::External if is_deleted => {
                Some(match self.inputs.rotate.contains(name) {
                    true => DeletedValue::Lost,
                    false => DeletedValue::Kept,
                })
            }
            SecretSource::Random | SecretSource::External | SecretSource::Supplied => None,
        }
    }

    /// The tags of a resource that has no name except the tag `Name`.
    fn named_tags(&self, component: Component, name: &str) -> Tags {
        let mut tags = self.tags(component);
        tags.insert("Name".into(), name.into());
        tags
    }
}

/// The rule that deletes the parts of unfinished uploads.
fn unfinished_uploads() -> LifecycleRule {
    LifecycleRule {
        prefix: String::new(),
        after_days: None,
        abort_uploads_days: Some(ABORT_UPLOADS_DAYS),
    }
}

fn image(pinned: Option<&String>, newest: &ImageId) -> Image {
    Image {
        id: pinned.map_or_else(|| newest.clone(), ImageId::new),
        pinned: pinned.is_some(),
    }
}

/// The root devices of the default images: Canonical's Ubuntu and Amazon Linux.
const UBUNTU_ROOT: &str = "/dev/sda1";
const AMAZON_LINUX_ROOT: &str = "/dev/xvda";

/// The device that the image boots from: of an image that the spec names, or of the default one.
fn root_device(facts: &Facts, pinned: Option<&String>, default: &str) -> String {
    let image = pinned.and_then(|id| facts.machines.images.get(id));
    image.map_or_else(|| default.to_owned(), |image| image.root_device.clone())
}

/// An encrypted root volume that outlives its instance.
fn root_volume(device: String, size_gb: u32) -> RootVolume {
    RootVolume {
        device,
        size_gb,
        volume_type: "gp3".into(),
        encrypted: true,
        delete_on_termination: false,
    }
}

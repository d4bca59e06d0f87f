//! What an instance and a launch template have in common.

use nex_plan::{UpdateBehavior, Value};

use super::{Field, GroupRef, Key, Kind};

/// The machine image that a spec leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageChoice {
    /// The spec names this image, `ami-...`.
    Pinned(String),
    /// The newest image of its kind. A newer one changes nothing that exists.
    Newest(String),
}

impl ImageChoice {
    /// The image's id.
    pub fn id(&self) -> &str {
        match self {
            ImageChoice::Pinned(id) | ImageChoice::Newest(id) => id,
        }
    }

    pub(super) fn field(&self, pinned: UpdateBehavior) -> Field {
        let behavior = match self {
            ImageChoice::Pinned(_) => pinned,
            ImageChoice::Newest(_) => {
                UpdateBehavior::CreateOnly("a newer image is no reason to change what runs".into())
            }
        };
        Field::new("image", behavior, self.id())
    }
}

/// How an instance's metadata service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataOptions {
    /// Whether a request needs a session token (IMDSv2).
    pub token_required: bool,
    /// How many network hops an answer may take: 1 keeps containers out.
    pub hop_limit: u32,
}

impl MetadataOptions {
    /// IMDSv2 only, one hop.
    pub const STRICT: MetadataOptions = MetadataOptions {
        token_required: true,
        hop_limit: 1,
    };

    pub(super) fn field(self) -> Field {
        let MetadataOptions {
            token_required,
            hop_limit,
        } = self;
        Field::in_place(
            "metadata",
            Value::map([
                ("token_required", Value::from(token_required)),
                ("hop_limit", Value::from(hop_limit)),
            ]),
        )
    }
}

/// A root volume as a launch asks for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootVolume {
    /// The size in GB.
    pub size_gb: u32,
    /// The type, such as `gp3`.
    pub volume_type: String,
    /// Whether the volume is encrypted.
    pub encrypted: bool,
    /// Whether the volume is deleted with its instance.
    pub delete_on_termination: bool,
}

impl RootVolume {
    pub(super) fn value(&self) -> Value {
        let RootVolume {
            size_gb,
            volume_type,
            encrypted,
            delete_on_termination,
        } = self;
        Value::map([
            ("size_gb", Value::from(*size_gb)),
            ("type", Value::from(volume_type)),
            ("encrypted", Value::from(*encrypted)),
            ("delete_on_termination", Value::from(*delete_on_termination)),
        ])
    }
}

/// A text that is too long for a plan, by its size and digest.
pub(super) fn digest(text: &str) -> Value {
    use sha2::{Digest, Sha256};
    let sum = hex::encode(Sha256::digest(text));
    Value::Text(format!("{} bytes, sha256 {}", text.len(), &sum[..16]))
}

/// The environment's security groups and instance profile that a machine needs.
pub(super) fn groups_and_profile<'a>(
    groups: impl IntoIterator<Item = &'a GroupRef>,
    profile: Option<&'a String>,
) -> Vec<Key> {
    let groups = groups.into_iter().filter_map(|group| match group {
        GroupRef::Named(name) => Some(Key::new(Kind::SecurityGroup, name)),
        GroupRef::Id(_) => None,
    });
    let profile = profile.map(|name| Key::new(Kind::InstanceProfile, name));
    groups.chain(profile).collect()
}

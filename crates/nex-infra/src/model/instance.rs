//! The server's instance.

use std::collections::BTreeSet;

use nex_plan::{UpdateBehavior, Value};

use super::field::digest;
use super::resource::tagged;
use super::{Field, GroupRef, Key, Kind, ResourceKind};
use crate::ids::{ImageId, SubnetId};
use crate::names::Tags;

/// A machine image that the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The id.
    pub id: ImageId,
    /// Whether the spec names the image. Otherwise it is the newest image, and a newer image changes nothing.
    pub pinned: bool,
}

/// How the diff sees an image: an [`Image`] on the desired side, the image's id on the observed side.
pub trait ImageField {
    /// The field. `pinned` is the behavior of an update to another image, if the spec names the image.
    fn image_field(&self, pinned: UpdateBehavior) -> Field;
}

impl ImageField for Image {
    fn image_field(&self, pinned: UpdateBehavior) -> Field {
        let newest = "a newer image alone changes nothing";
        if self.pinned {
            Field::new("image", pinned, &self.id)
        } else {
            Field::create_only("image", newest, &self.id)
        }
    }
}

impl ImageField for ImageId {
    fn image_field(&self, pinned: UpdateBehavior) -> Field {
        Field::new("image", pinned, self)
    }
}

/// How an instance's metadata service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataOptions {
    /// Whether the service requires a session token (IMDSv2).
    pub token_required: bool,
    /// How many hops an answer may take: 1 keeps containers out.
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

/// A root volume as a launch asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootVolume {
    /// The device: the one that the image boots from, such as `/dev/sda1`.
    pub device: String,
    /// The size in GB.
    pub size_gb: u32,
    /// The type, such as `gp3`.
    pub volume_type: String,
    /// Whether the volume is encrypted.
    pub encrypted: bool,
    /// Whether the volume is deleted with the instance.
    pub delete_on_termination: bool,
}

impl RootVolume {
    pub(super) fn value(&self) -> Value {
        let RootVolume {
            device,
            size_gb,
            volume_type,
            encrypted,
            delete_on_termination,
        } = self;
        Value::map([
            ("device", Value::from(device)),
            ("size_gb", Value::from(*size_gb)),
            ("type", Value::from(volume_type)),
            ("encrypted", Value::from(*encrypted)),
            ("delete_on_termination", Value::from(*delete_on_termination)),
        ])
    }
}

/// An EC2 instance. `I` is the image: an [`Image`] on the desired side, the id as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance<I = ImageId> {
    /// The tag `Name`.
    pub name: String,
    /// The image.
    pub image: I,
    /// The instance type.
    pub instance_type: String,
    /// The subnet's id.
    pub subnet: SubnetId,
    /// The security groups.
    pub security_groups: BTreeSet<GroupRef>,
    /// The instance profile's name.
    pub profile: Option<String>,
    /// The metadata service.
    pub metadata: MetadataOptions,
    /// Whether the instance runs. An interrupted change of type leaves the instance stopped.
    pub running: bool,
    /// Whether API calls can't terminate the instance.
    pub termination_protection: bool,
    /// Whether the root volume is deleted with the instance.
    pub delete_root_volume: bool,
    /// The tags.
    pub tags: Tags,
}

impl<I: ImageField> ResourceKind for Instance<I> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            image,
            instance_type,
            subnet,
            security_groups,
            profile,
            metadata,
            running,
            termination_protection,
            delete_root_volume,
            tags,
        } = self;
        let image = image.image_field(UpdateBehavior::Replacement(
            "an instance keeps its image".into(),
        ));
        vec![
            image,
            Field::new(
                "instance_type",
                UpdateBehavior::SomeInterruption,
                instance_type,
            ),
            Field::replacing("subnet", "an instance can't move to another subnet", subnet),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            metadata.field(),
            Field::in_place("running", *running),
            Field::in_place("termination_protection", *termination_protection),
            Field::in_place("delete_root_volume", *delete_root_volume),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        network_needs(&self.security_groups, self.profile.as_ref())
    }

    tagged!(tags);
}

/// What every machine needs: its security groups and its profile.
pub(super) fn network_needs(groups: &BTreeSet<GroupRef>, profile: Option<&String>) -> Vec<Key> {
    let groups = groups.iter().filter_map(|group| match group {
        GroupRef::Named(name) => Some(Key::new(Kind::SecurityGroup, name)),
        GroupRef::Id(_) => None,
    });
    let profile = profile.map(|name| Key::new(Kind::InstanceProfile, name));
    groups.chain(profile).collect()
}

/// The instance that the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredInstance {
    /// The properties that can be read back.
    pub instance: Instance<Image>,
    /// The properties that only the launch sets.
    pub launch: Launch,
}

/// The parameters of a launch that no read returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The root volume; once launched, the volume is a resource of its own.
    pub root_volume: RootVolume,
    /// The tags of the root volume.
    pub volume_tags: Tags,
    /// The script of the first boot.
    pub user_data: Option<String>,
    /// The names of the secrets that the first boot fetches.
    pub secrets: BTreeSet<String>,
}

impl ResourceKind for DesiredInstance {
    const HEADLINE: &'static [&'static str] = &["instance_type", "image", "subnet"];

    fn name(&self) -> String {
        self.instance.name()
    }

    fn fields(&self) -> Vec<Field> {
        let Launch {
            root_volume,
            volume_tags: _, // fields of the volume
            user_data,
            secrets: _, // for the order of the steps, not a property
        } = &self.launch;
        let disk = Field::create_only(
            "disk",
            "the volume is a resource of its own",
            root_volume.value(),
        );
        let user_data = Field::create_only(
            "user_data",
            "it runs at the first boot only",
            user_data.as_deref().map(digest),
        );
        let mut fields = self.instance.fields();
        insert_before(&mut fields, "metadata", disk);
        insert_before(&mut fields, "tags", user_data);
        fields
    }

    fn needs(&self) -> Vec<Key> {
        let secrets = self.launch.secrets.iter();
        let secrets = secrets.map(|name| Key::new(Kind::Secret, name));
        self.instance.needs().into_iter().chain(secrets).collect()
    }

    tagged!(instance.tags);
}

fn insert_before(fields: &mut Vec<Field>, name: &str, field: Field) {
    let at = fields.iter().position(|other| other.name == name);
    fields.insert(at.unwrap_or(fields.len()), field);
}

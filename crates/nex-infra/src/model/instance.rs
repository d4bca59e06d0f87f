//! EC2 instances and their root volumes.

use std::collections::BTreeSet;

use nex_plan::{UpdateBehavior, Value};

use super::machine::{ImageChoice, MetadataOptions, RootVolume, digest, groups_and_profile};
use super::{Field, GroupRef, Key, Kind, ResourceKind, tagged};
use crate::names::Tags;

/// The properties of an EC2 instance that can be read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The tag `Name`.
    pub name: String,
    /// The image's id.
    pub image: String,
    /// The instance type.
    pub instance_type: String,
    /// The subnet's id.
    pub subnet: String,
    /// The security groups.
    pub security_groups: BTreeSet<GroupRef>,
    /// The instance profile's name.
    pub profile: Option<String>,
    /// The metadata service.
    pub metadata: MetadataOptions,
    /// Whether the instance runs. A change of type that was interrupted leaves the instance stopped.
    pub running: bool,
    /// Whether an API call can't terminate the instance.
    pub termination_protection: bool,
    /// The tags.
    pub tags: Tags,
}

/// An EC2 instance as a spec asks for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredInstance {
    /// What can be read back, and changed.
    pub instance: Instance,
    /// What counts only when the instance is launched.
    pub launch: Launch,
}

/// What the launch of an instance takes and a later read does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The image.
    pub image: ImageChoice,
    /// The root volume that the launch creates; afterwards the volume is a resource of its own.
    pub root_volume: RootVolume,
    /// The tags of the root volume.
    pub volume_tags: Tags,
    /// The script of the first boot.
    pub user_data: String,
    /// The secrets that the first boot fetches, by name.
    pub secrets: BTreeSet<String>,
}

impl ResourceKind for Instance {
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
            tags,
        } = self;
        vec![
            Field::in_place("image", image),
            Field::in_place("instance_type", instance_type),
            Field::in_place("subnet", subnet),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            metadata.field(),
            Field::in_place("running", *running),
            Field::in_place("termination_protection", *termination_protection),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        groups_and_profile(&self.security_groups, self.profile.as_ref())
    }

    tagged!();
}

impl ResourceKind for DesiredInstance {
    const HEADLINE: &'static [&'static str] = &["instance_type", "image", "subnet"];

    fn name(&self) -> String {
        self.instance.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Launch {
            image,
            root_volume,
            volume_tags: _, // a field of the volume
            user_data,
            secrets: _, // an order of creation, not a property
        } = &self.launch;
        let Instance {
            name: _,
            image: _, // the launch's
            instance_type,
            subnet,
            security_groups,
            profile,
            metadata,
            running,
            termination_protection,
            tags,
        } = &self.instance;
        vec![
            image.field(UpdateBehavior::Replacement(
                "an instance keeps its image".into(),
            )),
            Field::new(
                "instance_type",
                UpdateBehavior::SomeInterruption,
                instance_type,
            ),
            Field::new(
                "subnet",
                UpdateBehavior::Replacement("an instance can't move to another subnet".into()),
                subnet,
            ),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            Field::new(
                "disk",
                UpdateBehavior::CreateOnly("the volume is a resource of its own".into()),
                root_volume.value(),
            ),
            metadata.field(),
            Field::in_place("running", *running),
            Field::in_place("termination_protection", *termination_protection),
            Field::new(
                "user_data",
                UpdateBehavior::CreateOnly("the script runs at the first boot only".into()),
                digest(user_data),
            ),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        let mut needs = self.instance.needs();
        let secrets = self.launch.secrets.iter();
        needs.extend(secrets.map(|name| Key::new(Kind::Secret, name)));
        needs
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.instance.tags)
    }
}

/// The root volume of an instance as it is read. The volume outlives the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The tag `Name`: the instance's.
    pub name: String,
    /// The instance that the volume is attached to, by name; `None` if the instance is gone.
    pub instance: Option<String>,
    /// The size in GB.
    pub size_gb: u32,
    /// The type, such as `gp3`.
    pub volume_type: String,
    /// Whether the volume is encrypted.
    pub encrypted: bool,
    /// The tags.
    pub tags: Tags,
}

/// The root volume of an instance as a spec asks for one. The launch of the instance creates the volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredVolume {
    /// The tag `Name`: the instance's.
    pub name: String,
    /// The instance that the volume belongs to, by name.
    pub instance: String,
    /// The size in GB.
    pub size_gb: u32,
    /// The type, such as `gp3`.
    pub volume_type: String,
    /// Whether the volume is encrypted.
    pub encrypted: bool,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for Volume {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            instance,
            size_gb,
            volume_type,
            encrypted,
            tags,
        } = self;
        vec![
            Field::in_place("instance", instance.clone()),
            Field::in_place("size_gb", *size_gb),
            Field::in_place("type", volume_type),
            Field::in_place("encrypted", *encrypted),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        let instance = self.instance.iter();
        instance
            .map(|name| Key::new(Kind::Instance, name))
            .collect()
    }

    tagged!();
}

impl ResourceKind for DesiredVolume {
    const HEADLINE: &'static [&'static str] = &["size_gb", "type", "encrypted"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            instance,
            size_gb,
            volume_type,
            encrypted,
            tags,
        } = self;
        vec![
            Field::new(
                "instance",
                UpdateBehavior::CreateOnly("the launch attaches it".into()),
                instance,
            ),
            Field::new("size_gb", UpdateBehavior::GrowOnly, *size_gb),
            Field::in_place("type", volume_type),
            Field::new(
                "encrypted",
                UpdateBehavior::CreateOnly(
                    "EC2 can't change it: a snapshot's encrypted copy can take its place, by hand"
                        .into(),
                ),
                *encrypted,
            ),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        vec![Key::new(Kind::Instance, &self.instance)]
    }

    tagged!();
}

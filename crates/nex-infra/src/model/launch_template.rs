//! EC2 launch templates.

use std::collections::BTreeSet;

use nex_plan::{UpdateBehavior, Value};

use super::machine::{ImageChoice, MetadataOptions, RootVolume, digest, groups_and_profile};
use super::{Field, GroupRef, Key, ResourceKind, tagged};
use crate::names::Tags;

/// An EC2 launch template as it is read: its newest version, and whether that is the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchTemplate {
    /// The name.
    pub name: String,
    /// The image that instances start from.
    pub image: String,
    /// The instance type where the group does not override it.
    pub instance_type: String,
    /// The instances' security groups.
    pub security_groups: BTreeSet<GroupRef>,
    /// The instances' profile.
    pub profile: Option<String>,
    /// The instances' root volume.
    pub root_volume: RootVolume,
    /// The instances' metadata service.
    pub metadata: MetadataOptions,
    /// `standard` or `unlimited`, for burstable types.
    pub credits: Option<String>,
    /// The script of an instance's first boot.
    pub user_data: String,
    /// The tags of the instances, their volumes and interfaces: a group's own tags do not reach volumes.
    pub instance_tags: Tags,
    /// Whether the newest version is the default one.
    pub newest_is_default: bool,
    /// The tags.
    pub tags: Tags,
}

/// An EC2 launch template as a spec asks for one. A version can't be changed: an update creates a new version, and makes it
/// the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredLaunchTemplate {
    /// The name.
    pub name: String,
    /// The image that instances start from.
    pub image: ImageChoice,
    /// The instance type where the group does not override it.
    pub instance_type: String,
    /// The instances' security groups.
    pub security_groups: BTreeSet<GroupRef>,
    /// The instances' profile.
    pub profile: Option<String>,
    /// The instances' root volume.
    pub root_volume: RootVolume,
    /// The instances' metadata service.
    pub metadata: MetadataOptions,
    /// `standard` or `unlimited`, for burstable types.
    pub credits: Option<String>,
    /// The script of an instance's first boot.
    pub user_data: String,
    /// The tags of the instances, their volumes and interfaces: a group's own tags do not reach volumes.
    pub instance_tags: Tags,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for LaunchTemplate {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            image,
            instance_type,
            security_groups,
            profile,
            root_volume,
            metadata,
            credits,
            user_data,
            instance_tags,
            newest_is_default,
            tags,
        } = self;
        vec![
            Field::in_place("image", image),
            Field::in_place("instance_type", instance_type),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            Field::in_place("disk", root_volume.value()),
            metadata.field(),
            Field::in_place("credits", credits.clone()),
            Field::in_place("user_data", digest(user_data)),
            Field::in_place("instance_tags", Value::map(instance_tags)),
            Field::in_place("newest_is_default", *newest_is_default),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        groups_and_profile(&self.security_groups, self.profile.as_ref())
    }

    tagged!();
}

impl ResourceKind for DesiredLaunchTemplate {
    const HEADLINE: &'static [&'static str] = &["instance_type", "image", "credits"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            image,
            instance_type,
            security_groups,
            profile,
            root_volume,
            metadata,
            credits,
            user_data,
            instance_tags,
            tags,
        } = self;
        vec![
            image.field(UpdateBehavior::NoInterruption),
            Field::in_place("instance_type", instance_type),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            Field::in_place("disk", root_volume.value()),
            metadata.field(),
            Field::in_place("credits", credits.clone()),
            Field::in_place("user_data", digest(user_data)),
            Field::in_place("instance_tags", Value::map(instance_tags)),
            Field::in_place("newest_is_default", true),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        groups_and_profile(&self.security_groups, self.profile.as_ref())
    }

    tagged!();
}

//! The launch template and the Auto Scaling group with its hook and policy.

use std::collections::BTreeSet;

use nex_plan::Value;

use super::server::digest;
use super::{Body, Disk, Field, GroupRef, Image, Key, Kind, Metadata, OnChange, tagged};
use crate::names::Tags;

/// An EC2 launch template. A version can't be changed: an update makes a new one and sets it as the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchTemplate {
    /// Its name.
    pub name: String,
    /// The image that instances start from.
    pub image: Image,
    /// The instance type where the group does not override it.
    pub instance_type: String,
    /// The instances' security groups.
    pub security_groups: BTreeSet<GroupRef>,
    /// The instances' profile.
    pub profile: Option<String>,
    /// The instances' root volume.
    pub disk: Disk,
    /// The instances' metadata service.
    pub metadata: Metadata,
    /// `standard` or `unlimited`, for burstable types.
    pub credits: Option<String>,
    /// The script of an instance's first boot.
    pub user_data: String,
    /// Tags of the instances, their volumes and interfaces: a group's own tags do not reach volumes.
    pub instance_tags: Tags,
    /// Whether the newest version is the default one.
    pub newest_is_default: bool,
    /// Its tags.
    pub tags: Tags,
}

impl Body for LaunchTemplate {
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
            disk,
            metadata,
            credits,
            user_data,
            instance_tags,
            newest_is_default,
            tags,
        } = self;
        vec![
            image.field(OnChange::InPlace),
            Field::in_place("instance_type", instance_type),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            Field::in_place("disk", disk.value()),
            metadata.field(),
            Field::in_place("credits", credits.clone()),
            Field::in_place("user_data", digest(user_data)),
            Field::in_place("instance_tags", Value::map(instance_tags)),
            Field::in_place("newest_is_default", *newest_is_default),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        let groups = self.security_groups.iter().filter_map(|group| match group {
            GroupRef::Named(name) => Some(Key::new(Kind::SecurityGroup, name)),
            GroupRef::Id(_) => None,
        });
        let profile = self
            .profile
            .iter()
            .map(|name| Key::new(Kind::InstanceProfile, name));
        groups.chain(profile).collect()
    }

    tagged!();
}

/// The version of a launch template that a group uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateVersion {
    /// The newest version, by its number: what nex pins.
    Newest,
    /// An older number, or `$Latest` or `$Default`, which may differ between instances.
    Other(String),
}

/// An EC2 Auto Scaling group with a mixed instances policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingGroup {
    /// Its name.
    pub name: String,
    /// Its launch template's name.
    pub template: String,
    /// Its launch template's version.
    pub template_version: TemplateVersion,
    /// Its subnets' ids.
    pub subnets: BTreeSet<String>,
    /// Fewest instances.
    pub min: i32,
    /// Most instances.
    pub max: i32,
    /// Instances wanted now.
    pub desired: i32,
    /// Its instance types, the preferred first.
    pub instance_types: Vec<String>,
    /// Instances that are on demand before any is Spot.
    pub on_demand_base: i32,
    /// Percent on demand above the base.
    pub on_demand_percent: i32,
    /// How Spot pools are chosen.
    pub spot_strategy: String,
    /// Whether it replaces instances at risk of interruption ahead of time.
    pub capacity_rebalance: bool,
    /// Whether an instance whose termination hook was abandoned is kept, and billed.
    pub retain_abandoned: bool,
    /// Its tags; each reaches the instances.
    pub tags: Tags,
}

impl Body for ScalingGroup {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            template,
            template_version,
            subnets,
            min,
            max,
            desired,
            instance_types,
            on_demand_base,
            on_demand_percent,
            spot_strategy,
            capacity_rebalance,
            retain_abandoned,
            tags,
        } = self;
        let version = match template_version {
            TemplateVersion::Newest => "newest",
            TemplateVersion::Other(version) => version,
        };
        vec![
            Field::in_place("launch_template", template),
            Field::in_place("launch_template_version", version),
            Field::in_place("subnets", Value::set(subnets)),
            Field::in_place("min", *min),
            Field::in_place("max", *max),
            Field::new(
                "desired",
                OnChange::AtCreation("the scaling policy decides once the group runs"),
                *desired,
            ),
            // The order is a preference, so this is one text and no set.
            Field::in_place("instance_types", instance_types.join(", ")),
            Field::in_place("on_demand_base", *on_demand_base),
            Field::in_place("on_demand_percent", *on_demand_percent),
            Field::in_place("spot_strategy", spot_strategy),
            Field::in_place("capacity_rebalance", *capacity_rebalance),
            Field::in_place("retain_abandoned", *retain_abandoned),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        vec![Key::new(Kind::LaunchTemplate, &self.template)]
    }

    tagged!();
}

/// A lifecycle hook: holds a terminating instance so that its jobs can end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleHook {
    /// Its group's name.
    pub group: String,
    /// Its name within the group.
    pub hook: String,
    /// The transition, such as `autoscaling:EC2_INSTANCE_TERMINATING`.
    pub transition: String,
    /// Seconds until the default result.
    pub heartbeat_seconds: i32,
    /// `CONTINUE` or `ABANDON`.
    pub default_result: String,
}

impl Body for LifecycleHook {
    fn name(&self) -> String {
        format!("{}/{}", self.group, self.hook)
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            group: _,
            hook: _,
            transition,
            heartbeat_seconds,
            default_result,
        } = self;
        vec![
            Field::in_place("transition", transition),
            Field::in_place("heartbeat_seconds", *heartbeat_seconds),
            Field::in_place("default_result", default_result),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        vec![Key::new(Kind::AutoScalingGroup, &self.group)]
    }
}

/// A target tracking policy on the group's average CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// Its group's name.
    pub group: String,
    /// Its name within the group.
    pub policy: String,
    /// The predefined metric.
    pub metric: String,
    /// The metric's target, in percent.
    pub target_percent: i32,
}

impl Body for ScalingPolicy {
    fn name(&self) -> String {
        format!("{}/{}", self.group, self.policy)
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            group: _,
            policy: _,
            metric,
            target_percent,
        } = self;
        vec![
            Field::in_place("metric", metric),
            Field::in_place("target_percent", *target_percent),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        vec![Key::new(Kind::AutoScalingGroup, &self.group)]
    }
}

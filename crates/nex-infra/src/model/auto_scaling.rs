//! EC2 Auto Scaling groups with their hooks and policies.

use std::collections::BTreeSet;
use std::fmt;

use nex_plan::{UpdateBehavior, Value};

use super::{Field, Key, Kind, ResourceKind, tagged};
use crate::names::Tags;

/// The version of its launch template that a group uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateVersion {
    /// The newest version, by its number: what nex pins.
    Newest,
    /// An older number, or `$Latest` or `$Default`, which may differ between instances.
    Other(String),
}

impl fmt::Display for TemplateVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TemplateVersion::Newest => "newest",
            TemplateVersion::Other(version) => version,
        })
    }
}

/// An EC2 Auto Scaling group with a mixed instances policy, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingGroup {
    /// The name.
    pub name: String,
    /// The launch template's name.
    pub template: String,
    /// The launch template's version.
    pub template_version: TemplateVersion,
    /// The subnets' ids.
    pub subnets: BTreeSet<String>,
    /// The minimum number of instances.
    pub min: u32,
    /// The maximum number of instances.
    pub max: u32,
    /// The number of instances wanted now.
    pub desired: u32,
    /// The instance types, the preferred first.
    pub instance_types: Vec<String>,
    /// The number of instances that are on demand before any is Spot.
    pub on_demand_base: u32,
    /// The percentage on demand above the base.
    pub on_demand_percent: u32,
    /// How Spot pools are chosen.
    pub spot_strategy: String,
    /// Whether the group replaces instances at risk of interruption ahead of time.
    pub capacity_rebalance: bool,
    /// Whether an instance whose termination hook was abandoned is kept, and billed.
    pub retain_abandoned: bool,
    /// The tags; each reaches the instances.
    pub tags: Tags,
}

/// An EC2 Auto Scaling group with a mixed instances policy, as a spec asks for one. The group pins the newest version of its
/// launch template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredScalingGroup {
    /// The name.
    pub name: String,
    /// The launch template's name.
    pub template: String,
    /// The subnets' ids.
    pub subnets: BTreeSet<String>,
    /// The minimum number of instances.
    pub min: u32,
    /// The maximum number of instances.
    pub max: u32,
    /// The number of instances wanted now.
    pub desired: u32,
    /// The instance types, the preferred first.
    pub instance_types: Vec<String>,
    /// The number of instances that are on demand before any is Spot.
    pub on_demand_base: u32,
    /// The percentage on demand above the base.
    pub on_demand_percent: u32,
    /// How Spot pools are chosen.
    pub spot_strategy: String,
    /// Whether the group replaces instances at risk of interruption ahead of time.
    pub capacity_rebalance: bool,
    /// Whether an instance whose termination hook was abandoned is kept, and billed.
    pub retain_abandoned: bool,
    /// The tags; each reaches the instances.
    pub tags: Tags,
}

impl ResourceKind for ScalingGroup {
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
        vec![
            Field::in_place("launch_template", template),
            Field::in_place("launch_template_version", template_version.to_string()),
            Field::in_place("subnets", Value::set(subnets)),
            Field::in_place("min", *min),
            Field::in_place("max", *max),
            Field::in_place("desired", *desired),
            // The order is a preference, so this is one text and not a set.
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

impl ResourceKind for DesiredScalingGroup {
    const HEADLINE: &'static [&'static str] = &["instance_types", "min", "max"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            template,
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
        vec![
            Field::in_place("launch_template", template),
            Field::in_place(
                "launch_template_version",
                TemplateVersion::Newest.to_string(),
            ),
            Field::in_place("subnets", Value::set(subnets)),
            Field::in_place("min", *min),
            Field::in_place("max", *max),
            Field::new(
                "desired",
                UpdateBehavior::CreateOnly("the scaling policy decides once the group runs".into()),
                *desired,
            ),
            // The order is a preference, so this is one text and not a set.
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

/// A lifecycle hook: keeps a terminating instance until its jobs have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleHook {
    /// The group's name.
    pub group: String,
    /// The name within the group.
    pub hook: String,
    /// The transition, such as `autoscaling:EC2_INSTANCE_TERMINATING`.
    pub transition: String,
    /// The seconds until the default result.
    pub heartbeat_seconds: u32,
    /// `CONTINUE` or `ABANDON`.
    pub default_result: String,
}

impl ResourceKind for LifecycleHook {
    const HEADLINE: &'static [&'static str] = &["heartbeat_seconds", "default_result"];

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
    /// The group's name.
    pub group: String,
    /// The name within the group.
    pub policy: String,
    /// The predefined metric.
    pub metric: String,
    /// The metric's target, in percent.
    pub target_percent: u32,
}

impl ResourceKind for ScalingPolicy {
    const HEADLINE: &'static [&'static str] = &["metric", "target_percent"];

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

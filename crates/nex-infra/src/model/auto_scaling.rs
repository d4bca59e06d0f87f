//! The launch template and the Auto Scaling group with its hook and policy.

use std::collections::BTreeSet;

use nex_plan::{UpdateBehavior, Value};

use super::field::digest;
use super::instance::{ImageField, network_needs};
use super::resource::tagged;
use super::{Field, GroupRef, Image, Key, Kind, MetadataOptions, ResourceKind, RootVolume};
use crate::ids::{ImageId, SubnetId};
use crate::names::Tags;

/// An EC2 launch template. A version can't be changed: an update creates a new version and makes it the default.
///
/// `I` is the image: an [`Image`] on the desired side, the id as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchTemplate<I = ImageId> {
    /// The name.
    pub name: String,
    /// The image that instances start from.
    pub image: I,
    /// The instance type, unless the group overrides it.
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
    /// Settings that nex never makes, by the names of the API, such as a key pair: a new version has none of them.
    pub other_settings: BTreeSet<String>,
    /// Tags of the instances, their volumes and interfaces: a group's own tags do not reach volumes.
    pub instance_tags: Tags,
    /// Whether the newest version is the default one.
    pub newest_is_default: bool,
    /// The tags.
    pub tags: Tags,
}

impl<I: ImageField> ResourceKind for LaunchTemplate<I> {
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
            other_settings,
            instance_tags,
            newest_is_default,
            tags,
        } = self;
        vec![
            image.image_field(UpdateBehavior::NoInterruption),
            Field::in_place("instance_type", instance_type),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            Field::in_place("disk", root_volume.value()),
            metadata.field(),
            Field::in_place("credits", credits.clone()),
            Field::in_place("user_data", digest(user_data)),
            Field::in_place("other_settings", Value::set(other_settings)),
            Field::in_place("instance_tags", Value::map(instance_tags)),
            Field::in_place("newest_is_default", *newest_is_default),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        network_needs(&self.security_groups, self.profile.as_ref())
    }

    tagged!(tags);
}

/// The launch template that the spec asks for.
pub type DesiredLaunchTemplate = LaunchTemplate<Image>;

/// The version of its launch template that a group uses, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateVersion {
    /// The newest version, by number: the one that nex pins.
    Newest,
    /// An older number, or `$Latest` or `$Default`, which may differ between instances.
    Other(String),
}

/// The newest version of a launch template: the only one that a spec asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestVersion;

/// How the diff sees a template's version.
pub trait VersionField {
    /// The version as a plan shows it.
    fn version(&self) -> &str;
}

impl VersionField for TemplateVersion {
    fn version(&self) -> &str {
        match self {
            TemplateVersion::Newest => NewestVersion.version(),
            TemplateVersion::Other(version) => version,
        }
    }
}

impl VersionField for NewestVersion {
    fn version(&self) -> &str {
        "newest"
    }
}

/// The Auto Scaling group that the spec asks for.
pub type DesiredScalingGroup = ScalingGroup<NewestVersion>;

/// An EC2 Auto Scaling group with a mixed instances policy.
///
/// `V` is the version of the launch template: [`NewestVersion`] on the desired side, a [`TemplateVersion`] as it was
/// read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingGroup<V = TemplateVersion> {
    /// The name.
    pub name: String,
    /// The launch template's name.
    pub template: String,
    /// The launch template's version.
    pub template_version: V,
    /// The subnets' ids.
    pub subnets: BTreeSet<SubnetId>,
    /// The smallest number of instances.
    pub min: u32,
    /// The largest number of instances.
    pub max: u32,
    /// The number of instances wanted now.
    pub desired: u32,
    /// The instance types, the preferred first.
    pub instance_types: Vec<String>,
    /// The number of on-demand instances before any is Spot.
    pub on_demand_base: u32,
    /// The percentage of on-demand instances above the base.
    pub on_demand_percent: u32,
    /// How Auto Scaling chooses Spot pools.
    pub spot_strategy: String,
    /// The highest price for a Spot instance, in USD an hour; `None` for the on-demand price.
    pub spot_max_price: Option<String>,
    /// The processes of Auto Scaling that someone suspended.
    pub suspended: BTreeSet<String>,
    /// Whether the group replaces instances at risk of interruption ahead of time.
    pub capacity_rebalance: bool,
    /// Whether the group keeps an instance, which is billed, after its termination hook was abandoned.
    pub retain_abandoned: bool,
    /// The tags; each reaches the instances.
    pub tags: Tags,
}

impl<V: VersionField> ResourceKind for ScalingGroup<V> {
    const HEADLINE: &'static [&'static str] = &["instance_types", "min", "max"];

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
            spot_max_price,
            suspended,
            capacity_rebalance,
            retain_abandoned,
            tags,
        } = self;
        vec![
            Field::in_place("launch_template", template),
            Field::in_place("launch_template_version", template_version.version()),
            Field::in_place("subnets", Value::set(subnets)),
            Field::in_place("min", *min),
            Field::in_place("max", *max),
            Field::create_only(
                "desired",
                "the scaling policy decides once the group runs",
                *desired,
            ),
            // The order is a preference, so the value is one text and not a set.
            Field::in_place("instance_types", instance_types.join(", ")),
            Field::in_place("on_demand_base", *on_demand_base),
            Field::in_place("on_demand_percent", *on_demand_percent),
            Field::in_place("spot_strategy", spot_strategy),
            Field::in_place("spot_max_price", spot_max_price.clone()),
            Field::in_place("suspended", Value::set(suspended)),
            Field::in_place("capacity_rebalance", *capacity_rebalance),
            Field::in_place("retain_abandoned", *retain_abandoned),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        vec![Key::new(Kind::LaunchTemplate, &self.template)]
    }

    tagged!(tags);
}

/// A lifecycle hook: holds a terminating instance until its jobs have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleHook {
    /// The group's name.
    pub group: String,
    /// The name within the group.
    pub hook: String,
    /// The transition, such as `autoscaling:EC2_INSTANCE_TERMINATING`.
    pub transition: String,
    /// Seconds until the default result.
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

//! The policy of the server's snapshots.

use nex_plan::Value;

use super::resource::tagged;
use super::{Field, Key, Kind, ResourceKind};
use crate::names::Tags;

/// A Data Lifecycle Manager policy: daily snapshots of the volumes with a certain tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPolicy {
    /// The tag `Name` and the description: the service gives policies no names.
    pub name: String,
    /// The ARN of the role that the service assumes.
    pub role_arn: String,
    /// Whether the policy is active.
    pub enabled: bool,
    /// The tags of the volumes that the policy covers.
    pub targets: Tags,
    /// The number of schedules. nex's policy has one; the fields below are those of the first one.
    pub schedules: u32,
    /// Hours between two snapshots.
    pub interval_hours: u32,
    /// The time of the first snapshot of the day, UTC, `HH:MM`.
    pub at: String,
    /// Days until a snapshot is deleted; `None` if the policy keeps a count instead.
    pub keep_days: Option<u32>,
    /// Whether snapshots get the volume's tags.
    pub copy_tags: bool,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for SnapshotPolicy {
    const HEADLINE: &'static [&'static str] = &["interval_hours", "at", "keep_days"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            role_arn,
            enabled,
            targets,
            schedules,
            interval_hours,
            at,
            keep_days,
            copy_tags,
            tags,
        } = self;
        vec![
            Field::in_place("role", role_arn),
            Field::in_place("enabled", *enabled),
            Field::in_place("targets", Value::map(targets)),
            Field::in_place("schedules", *schedules),
            Field::in_place("interval_hours", *interval_hours),
            Field::in_place("at", at),
            Field::in_place("keep_days", *keep_days),
            Field::in_place("copy_tags", *copy_tags),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        let role = self.role_arn.rsplit('/').next().unwrap_or_default();
        vec![Key::new(Kind::IamRole, role)]
    }

    tagged!(tags);
}

//! Buckets, secrets and log groups.

use std::collections::BTreeMap;

use nex_plan::{UpdateBehavior, Value};

use super::{Field, ResourceKind, tagged};
use crate::names::Tags;

/// One lifecycle rule of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LifecycleRule {
    /// The prefix of the keys that the rule covers; empty for all.
    pub prefix: String,
    /// The days until an object expires.
    pub after_days: Option<u32>,
    /// The days until the parts of an unfinished upload are deleted.
    pub abort_uploads_days: Option<u32>,
}

/// An S3 bucket. Objects are encrypted by S3 itself (SSE-S3, which can't be turned off).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The name, unique in all of AWS.
    pub name: String,
    /// Whether all four blocks on public access are on.
    pub public_access_blocked: bool,
    /// The lifecycle rules by id. An update replaces all rules of the bucket.
    pub lifecycle: BTreeMap<String, LifecycleRule>,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for Bucket {
    const HEADLINE: &'static [&'static str] = &["lifecycle", "public_access_blocked"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            public_access_blocked,
            lifecycle,
            tags,
        } = self;
        let rule = |rule: &LifecycleRule| {
            let LifecycleRule {
                prefix,
                after_days,
                abort_uploads_days,
            } = rule;
            Value::map([
                ("prefix", Value::from(prefix)),
                ("expire_days", Value::from(*after_days)),
                ("abort_uploads_days", Value::from(*abort_uploads_days)),
            ])
        };
        vec![
            Field::in_place("public_access_blocked", *public_access_blocked),
            Field::in_place(
                "lifecycle",
                Value::map(lifecycle.iter().map(|(id, r)| (id, rule(r)))),
            ),
            Field::tags(tags),
        ]
    }

    tagged!();
}

/// Where the value of a secret comes from. A value is written once: a secret that has one keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// nex generates a random value.
    Random,
    /// The caller supplies the value, from the reference in the spec.
    Supplied,
    /// Another step, or a person, writes the value later.
    External,
}

/// Whether a secret has a value. The value itself is never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretValue {
    /// The secret has a value.
    Present,
    /// The secret has no value yet.
    Absent,
}

/// A secret in Secrets Manager as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The name.
    pub name: String,
    /// What the secret is for.
    pub description: String,
    /// Whether the secret has a value.
    pub value: SecretValue,
    /// The tags.
    pub tags: Tags,
}

/// A secret in Secrets Manager as a spec asks for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredSecret {
    /// The name.
    pub name: String,
    /// What the secret is for.
    pub description: String,
    /// Where the value comes from.
    pub source: SecretSource,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for Secret {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            description,
            value,
            tags,
        } = self;
        let value = match value {
            SecretValue::Present => Value::Hidden,
            SecretValue::Absent => Value::Absent,
        };
        vec![
            Field::in_place("description", description),
            Field::in_place("value", value),
            Field::tags(tags),
        ]
    }

    tagged!();
}

impl ResourceKind for DesiredSecret {
    const HEADLINE: &'static [&'static str] = &["description"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            description,
            source,
            tags,
        } = self;
        let value = match source {
            SecretSource::Random | SecretSource::Supplied => {
                Field::in_place("value", Value::Hidden)
            }
            SecretSource::External => Field::new(
                "value",
                UpdateBehavior::CreateOnly("someone else writes the value".into()),
                Value::Later("its value is put in".into()),
            ),
        };
        vec![
            Field::in_place("description", description),
            value,
            Field::tags(tags),
        ]
    }

    tagged!();
}

/// A CloudWatch Logs log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// The name.
    pub name: String,
    /// The days for which events are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for LogGroup {
    const HEADLINE: &'static [&'static str] = &["retention_days"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            retention_days,
            tags,
        } = self;
        vec![
            Field::in_place("retention_days", *retention_days),
            Field::tags(tags),
        ]
    }

    tagged!();
}

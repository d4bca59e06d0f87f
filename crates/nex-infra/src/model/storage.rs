//! Buckets, secrets and log groups.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::Value;

use super::resource::tagged;
use super::{Document, Field, ResourceKind};
use crate::names::Tags;

/// One lifecycle rule of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LifecycleRule {
    /// The prefix of the keys that the rule covers; empty for all keys.
    pub prefix: String,
    /// Days until an object expires.
    pub after_days: Option<u32>,
    /// Days until the parts of an unfinished upload are deleted.
    pub abort_uploads_days: Option<u32>,
}

/// An S3 bucket. Objects are encrypted by S3 itself (SSE-S3, which can't be turned off).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The name, global to AWS.
    pub name: String,
    /// Whether all four blocks on public access are on.
    pub public_access_blocked: bool,
    /// The bucket policy. nex's own policy replaces any other.
    pub policy: Option<Document>,
    /// The lifecycle rules by id. nex's set replaces all others.
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
            policy,
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
            Field::in_place("policy", policy.as_ref().map(Document::value)),
            Field::in_place(
                "lifecycle",
                Value::map(lifecycle.iter().map(|(id, r)| (id, rule(r)))),
            ),
            Field::tags(tags),
        ]
    }

    tagged!(tags);
}

/// Where the value of a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// nex generates a random value if there is none, and never shows it.
    Random,
    /// The caller supplies the value, from the reference in the spec, if there is none.
    Supplied,
    /// Another step, or a person, stores the value later.
    External,
}

/// Whether a secret has a value. The value itself is never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretValue {
    /// The secret has a current value.
    Present,
    /// The secret has no value yet.
    Absent,
}

/// The secret that the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredSecret {
    /// The name.
    pub name: String,
    /// The purpose.
    pub description: String,
    /// Where the value comes from.
    pub source: SecretSource,
    /// What becomes of the value of a deleted secret with this name; `None` if there is none, or if the caller supplies
    /// the value.
    pub deleted: Option<DeletedValue>,
    /// The tags.
    pub tags: Tags,
}

/// What becomes of the value of a secret that is scheduled for deletion, when the spec asks for the secret again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedValue {
    /// The secret is restored with its value.
    Kept,
    /// The deletion becomes final, and a new secret gets a new value.
    Lost,
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
            deleted,
            tags,
        } = self;
        // Values are write-once, so "has a value" and "will get a value" compare equal.
        let value = match (source, deleted) {
            (SecretSource::Random | SecretSource::Supplied, None) => {
                Field::in_place("value", Value::Hidden)
            }
            (_, Some(DeletedValue::Kept)) => Field::create_only(
                "value",
                "the restored secret has its value",
                "the old one, restored",
            ),
            (_, Some(DeletedValue::Lost)) => Field::create_only(
                "value",
                "the new secret has a new value",
                "a new one; the old one is permanently deleted",
            ),
            (SecretSource::External, None) => Field::create_only(
                "value",
                "another step, or a person, stores the value",
                Value::Later("its value is put in".into()),
            ),
        };
        vec![
            Field::in_place("description", description),
            value,
            Field::in_place("replicas", Value::set::<&str>([])),
            Field::tags(tags),
        ]
    }

    tagged!(tags);
}

/// A secret in Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The name.
    pub name: String,
    /// The purpose.
    pub description: String,
    /// Whether the secret has a value.
    pub value: SecretValue,
    /// The other Regions that hold a copy of the secret. nex makes none.
    pub replicas: BTreeSet<String>,
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
            replicas,
            tags,
        } = self;
        let value = match value {
            SecretValue::Present => Value::Hidden,
            SecretValue::Absent => Value::Absent,
        };
        vec![
            Field::in_place("description", description),
            Field::in_place("value", value),
            Field::in_place("replicas", Value::set(replicas)),
            Field::tags(tags),
        ]
    }

    tagged!(tags);
}

/// A CloudWatch Logs log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// The name.
    pub name: String,
    /// Days until events are deleted; `None` for never.
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

    tagged!(tags);
}

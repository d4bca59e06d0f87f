//! Buckets, secrets and log groups.

use std::collections::BTreeMap;

use nex_plan::Value;

use super::{Body, Field, OnChange, tagged};
use crate::names::Tags;

/// One lifecycle rule of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    /// The keys it covers; empty for all.
    pub prefix: String,
    /// Days until an object expires.
    pub after_days: Option<i32>,
    /// Days until the parts of an unfinished upload go.
    pub abort_uploads_days: Option<i32>,
}

/// An S3 bucket. Objects are encrypted by S3 itself (SSE-S3, which can't be turned off).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name, global to AWS.
    pub name: String,
    /// Whether all four blocks on public access are on.
    pub public_access_blocked: bool,
    /// Its lifecycle rules by id. nex's set replaces all that are there.
    pub lifecycle: BTreeMap<String, Expiry>,
    /// Its tags.
    pub tags: Tags,
}

impl Body for Bucket {
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
        let rule = |rule: &Expiry| {
            let Expiry {
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

/// Where a secret's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// nex makes a random one when there is none, and never shows it.
    Generated,
    /// The caller gives it, from the reference in the spec, when there is none.
    Given,
    /// Another step, or a person, puts it in later.
    Later,
    /// It is there. (Only of what was read.)
    There,
    /// It is not there. (Only of what was read.)
    Missing,
}

/// A secret in Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it has a value, or where that would come from. The value itself is never read.
    pub content: Content,
    /// Its tags.
    pub tags: Tags,
}

impl Body for Secret {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            description,
            content,
            tags,
        } = self;
        // A value that is there stands: it is made once. So all that has or gets one compares as equal.
        let content = match content {
            Content::Generated | Content::Given | Content::There => Value::Hidden,
            Content::Later => Value::Later("its value is put in".into()),
            Content::Missing => Value::Absent,
        };
        let rule = match content {
            Value::Later(_) => OnChange::AtCreation("whoever puts the value in"),
            _ => OnChange::InPlace,
        };
        vec![
            Field::in_place("description", description),
            Field::new("value", rule, content),
            Field::tags(tags),
        ]
    }

    tagged!();
}

/// A CloudWatch Logs log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Days that it keeps events; `None` for ever.
    pub retention_days: Option<i32>,
    /// Its tags.
    pub tags: Tags,
}

impl Body for LogGroup {
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

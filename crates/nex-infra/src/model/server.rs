//! The server's instance, volume, address and snapshots.

use std::collections::BTreeSet;

use nex_plan::Value;

use super::{Body, Field, GroupRef, Key, Kind, OnChange, tagged};
use crate::names::Tags;

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id, `ami-...`.
    pub id: String,
    /// Whether the spec names it. Otherwise it is the newest one, and a newer one changes nothing.
    pub pinned: bool,
}

impl Image {
    pub(super) fn field(&self, pinned: OnChange) -> Field {
        let newest = "a newer image is no reason to change what runs";
        let rule = match self.pinned {
            true => pinned,
            false => OnChange::AtCreation(newest),
        };
        Field::new("image", rule, &self.id)
    }
}

/// How an instance's metadata service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Whether it wants a session token (IMDSv2).
    pub token_required: bool,
    /// How many hops its answers may take: 1 keeps containers out.
    pub hop_limit: i32,
}

impl Metadata {
    /// IMDSv2 only, one hop.
    pub const STRICT: Metadata = Metadata {
        token_required: true,
        hop_limit: 1,
    };

    pub(super) fn field(self) -> Field {
        let Metadata {
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
pub struct Disk {
    /// Its size in GB.
    pub size_gb: i32,
    /// Its type, such as `gp3`.
    pub volume_type: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Whether it goes with the instance.
    pub delete_on_termination: bool,
}

impl Disk {
    pub(super) fn value(&self) -> Value {
        let Disk {
            size_gb,
            volume_type,
            encrypted,
            delete_on_termination,
        } = self;
        Value::map([
            ("size_gb", Value::from(*size_gb)),
            ("type", Value::from(volume_type)),
            ("encrypted", Value::from(*encrypted)),
            ("delete_on_termination", Value::from(*delete_on_termination)),
        ])
    }
}

/// Text too long for a plan, by size and digest.
pub(super) fn digest(text: &str) -> Value {
    use sha2::{Digest, Sha256};
    let sum = hex::encode(Sha256::digest(text));
    Value::Text(format!("{} bytes, sha256 {}", text.len(), &sum[..16]))
}

/// An EC2 instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its tag `Name`.
    pub name: String,
    /// Its image.
    pub image: Image,
    /// Its type.
    pub instance_type: String,
    /// Its subnet's id.
    pub subnet: String,
    /// Its security groups.
    pub security_groups: BTreeSet<GroupRef>,
    /// Its instance profile's name.
    pub profile: Option<String>,
    /// The root volume that it starts with; afterwards the volume is a resource of its own.
    pub disk: Disk,
    /// Its metadata service.
    pub metadata: Metadata,
    /// Whether it runs. A change of type that was cut off leaves it stopped.
    pub running: bool,
    /// Whether it can't be terminated by an API call.
    pub termination_protection: bool,
    /// The script of its first boot; not read back.
    pub user_data: Option<String>,
    /// Secrets that its first boot fetches, by name.
    pub secrets: BTreeSet<String>,
    /// The tags that its root volume starts with.
    pub volume_tags: Tags,
    /// Its tags.
    pub tags: Tags,
}

impl Body for Instance {
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
            disk,
            metadata,
            running,
            termination_protection,
            user_data,
            secrets: _,     // an order of work, no property
            volume_tags: _, // fields of the volume
            tags,
        } = self;
        vec![
            image.field(OnChange::Replace("an instance keeps its image")),
            Field::new("instance_type", OnChange::Restart, instance_type),
            Field::new(
                "subnet",
                OnChange::Replace("an instance can't move to another subnet"),
                subnet,
            ),
            Field::in_place("security_groups", Value::set(security_groups)),
            Field::in_place("profile", profile.clone()),
            Field::new(
                "disk",
                OnChange::AtCreation("the volume is a resource of its own"),
                disk.value(),
            ),
            metadata.field(),
            Field::in_place("running", *running),
            Field::in_place("termination_protection", *termination_protection),
            Field::new(
                "user_data",
                OnChange::AtCreation("it runs at the first boot only"),
                user_data.as_deref().map(digest),
            ),
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
        let secrets = self.secrets.iter().map(|name| Key::new(Kind::Secret, name));
        groups.chain(profile).chain(secrets).collect()
    }

    tagged!();
}

/// The root volume of an instance. The launch makes it; it outlives the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its tag `Name`: the instance's.
    pub name: String,
    /// The instance that it is attached to, by name; `None` for one that was left over.
    pub instance: Option<String>,
    /// Its size in GB.
    pub size_gb: i32,
    /// Its type, such as `gp3`.
    pub volume_type: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Its tags.
    pub tags: Tags,
}

impl Body for Volume {
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
                OnChange::AtCreation("the launch attaches it"),
                instance.clone(),
            ),
            Field::new("size_gb", OnChange::Grows, *size_gb),
            Field::in_place("type", volume_type),
            Field::new(
                "encrypted",
                OnChange::AtCreation(
                    "EC2 can't change it: a snapshot's encrypted copy can take its place, by hand",
                ),
                *encrypted,
            ),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        self.instance
            .iter()
            .map(|name| Key::new(Kind::Instance, name))
            .collect()
    }

    tagged!();
}

/// An Elastic IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its tag `Name`.
    pub name: String,
    /// The address itself, once it is allocated.
    pub public_ip: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Body for Address {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            public_ip,
            tags,
        } = self;
        let value = match public_ip {
            Some(ip) => Value::from(ip),
            None => Value::Later("its allocation".into()),
        };
        vec![
            Field::new("public_ip", OnChange::AtCreation("EC2 chooses it"), value),
            Field::tags(tags),
        ]
    }

    tagged!();
}

/// An Elastic IP's association with an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// The address's name.
    pub address: String,
    /// The instance: by name if ours, else by id.
    pub instance: String,
}

impl Body for Association {
    fn name(&self) -> String {
        self.address.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            address: _,
            instance,
        } = self;
        vec![Field::in_place("instance", instance)]
    }

    fn needs(&self) -> Vec<Key> {
        vec![
            Key::new(Kind::ElasticIp, &self.address),
            Key::new(Kind::Instance, &self.instance),
        ]
    }
}

/// A Data Lifecycle Manager policy: daily snapshots of the volumes that carry a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPolicy {
    /// Its tag `Name` and description: the service gives it no name of its own.
    pub name: String,
    /// The ARN of the role that the service takes on.
    pub role_arn: String,
    /// Whether it runs.
    pub enabled: bool,
    /// The volumes that it covers, by tag.
    pub targets: Tags,
    /// Hours between two snapshots.
    pub interval_hours: i32,
    /// The time of the first one of the day, UTC.
    pub at: String,
    /// Days until a snapshot is deleted; `None` where it keeps a count instead.
    pub keep_days: Option<i32>,
    /// Whether snapshots take the volume's tags.
    pub copy_tags: bool,
    /// Its tags.
    pub tags: Tags,
}

impl Body for SnapshotPolicy {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            role_arn,
            enabled,
            targets,
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

    tagged!();
}

//! Checks that the schema can't express.

use ipnet::IpNet;
use nex_plan::Problems;

use super::{CLOUDFLARE, Fleet, Logs, Selector, Spec};

/// The retentions that CloudWatch Logs accepts, in days (API reference of PutRetentionPolicy).
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// The maximum length of a tag's key and of a tag's value (EC2 user guide).
const TAG_KEY_MAX: usize = 128;
const TAG_VALUE_MAX: usize = 256;

/// How the names of the Regions outside of the partition `aws` start. Service names and trust stores differ there.
const OTHER_PARTITIONS: [&str; 4] = ["cn-", "us-gov-", "us-iso", "eu-isoe-"];

/// The tags that nex sets itself.
const OWN_TAGS: [&str; 6] = [
    "Name",
    "Deployment",
    "Environment",
    "Component",
    "ManagedBy",
    "Snapshot",
];

/// The most tags of a resource (EC2, IAM, S3 and the other services alike).
const TAGS_MAX: usize = 50;

/// The characters beside letters and digits that every service takes in a tag's key: Data Lifecycle Manager takes the
/// fewest (`^(?!aws:)[a-zA-Z+-=._:/]+$` in its API model).
const TAG_KEY_SIGNS: &str = "+-=._:/";

/// The characters beside letters and digits that every service takes in a tag's value: IAM, CloudWatch Logs and S3
/// take the fewest (`[\p{L}\p{Z}\p{N}_.:/=+\-@]*` in their API models).
const TAG_VALUE_SIGNS: &str = " _.:/=+-@";

impl Spec {
    /// All problems of the section that its schema can't express.
    pub fn validate(&self) -> Problems {
        let mut problems = Problems::new();
        self.check_network(&mut problems);
        self.check_access(&mut problems);
        check_retention(&self.logs, &mut problems);
        self.check_tags(&mut problems);
        self.check_buckets(&mut problems);
        let other = OTHER_PARTITIONS
            .iter()
            .find(|start| self.region.starts_with(*start));
        problems.unless(
            other.is_none(),
            "region",
            "nex does not support AWS's other partitions: China, GovCloud and the isolated Regions",
            "a Region of the partition aws, such as eu-west-3",
        );
        if self.server.image.is_none() {
            check_processor(
                "server.instance_type",
                &self.server.instance_type,
                &mut problems,
            );
        }
        if let Some(fleet) = &self.fleet {
            fleet.validate(&mut problems);
            problems.unless(
                !self.network.private_subnets.is_empty(),
                "network.private_subnets",
                "a fleet needs at least one private subnet",
                "a list of subnet ids, tags or CIDRs",
            );
        }
        problems
    }

    fn check_tags(&self, problems: &mut Problems) {
        let most = TAGS_MAX - OWN_TAGS.len();
        problems.unless(
            self.tags.len() <= most,
            "tags",
            format!(
                "{} tags are too many: a resource has at most {TAGS_MAX}, and nex sets {} itself",
                self.tags.len(),
                OWN_TAGS.len()
            ),
            format!("at most {most} tags"),
        );
        for (key, value) in &self.tags {
            let takes = |signs: &str, c: char| signs.contains(c);
            problems.unless(
                key.chars()
                    .all(|c| c.is_ascii_alphanumeric() || takes(TAG_KEY_SIGNS, c)),
                format!("tags.{key}"),
                "some services refuse a character of the tag's key",
                format!("ASCII letters, digits and {TAG_KEY_SIGNS}"),
            );
            problems.unless(
                value
                    .chars()
                    .all(|c| c.is_alphanumeric() || takes(TAG_VALUE_SIGNS, c)),
                format!("tags.{key}"),
                "some services refuse a character of the tag's value",
                format!("letters, digits, spaces and {}", TAG_VALUE_SIGNS.trim()),
            );
            // IAM treats keys that differ only in case as the same key.
            let own = OWN_TAGS.iter().any(|own| own.eq_ignore_ascii_case(key));
            problems.unless(
                !own && !key.to_ascii_lowercase().starts_with("aws:"),
                format!("tags.{key}"),
                "the tag is reserved for nex or AWS",
                format!(
                    "any key except {} and keys that start with aws:",
                    OWN_TAGS.join(", ")
                ),
            );
            let lengths = (1..=TAG_KEY_MAX).contains(&key.chars().count())
                && value.chars().count() <= TAG_VALUE_MAX;
            problems.unless(
                lengths,
                format!("tags.{key}"),
                "the tag's key is empty, or its key or value is too long",
                format!(
                    "1 to {TAG_KEY_MAX} characters for a key, up to {TAG_VALUE_MAX} for a value"
                ),
            );
        }
    }

    /// Each bucket has one owner, one purpose and one set of lifecycle rules.
    fn check_buckets(&self, problems: &mut Problems) {
        let storage = &self.storage;
        let cache = self.fleet.as_ref().and_then(|f| f.cache_bucket.as_ref());
        let named = [
            ("storage.registry_bucket", storage.registry_bucket.as_ref()),
            (
                "storage.artifacts_bucket",
                storage.artifacts_bucket.as_ref(),
            ),
            ("storage.backups.bucket", storage.backups.bucket.as_ref()),
            ("fleet.cache_bucket", cache),
        ];
        for (n, (path, name)) in named.iter().enumerate() {
            let Some(name) = name else { continue };
            problems.unless(
                !named[..n].iter().any(|(_, other)| *other == Some(*name)),
                *path,
                format!("{name} is already used for something else"),
                "a bucket of its own",
            );
        }
    }

    fn check_network(&self, problems: &mut Problems) {
        let vpc = &self.network.vpc;
        problems.unless(
            !matches!(vpc, Selector::Id(id) if !id.starts_with("vpc-")),
            "network.vpc",
            format!("{vpc} is not a valid VPC"),
            "vpc-..., tag:KEY=VALUE or a CIDR",
        );
        let mut subnets = vec![(
            "network.public_subnet".to_owned(),
            &self.network.public_subnet,
        )];
        for (n, subnet) in self.network.private_subnets.iter().enumerate() {
            subnets.push((format!("network.private_subnets[{n}]"), subnet));
        }
        for (n, (path, subnet)) in subnets.iter().enumerate() {
            problems.unless(
                !matches!(subnet, Selector::Id(id) if !id.starts_with("subnet-")),
                path,
                format!("{subnet} is not a valid subnet"),
                "subnet-..., tag:KEY=VALUE or a CIDR",
            );
            problems.unless(
                !subnets[..n].iter().any(|(_, other)| other == subnet),
                path,
                format!("{subnet} is named twice"),
                "each subnet once",
            );
        }
    }

    fn check_access(&self, problems: &mut Problems) {
        let networks = |field: &str, list: &[String], words: &[&str], problems: &mut Problems| {
            for (n, text) in list.iter().enumerate() {
                let fine = words.contains(&text.as_str())
                    || text.parse::<IpNet>().is_ok_and(|net| net.trunc() == net);
                problems.unless(
                    fine,
                    format!("server.{field}[{n}]"),
                    format!("{text:?} is not a valid network"),
                    "a CIDR without host bits, such as 203.0.113.0/24 or 2001:db8::/32",
                );
            }
        };
        networks("ssh_from", &self.server.ssh_from, &[], problems);
        networks("web_from", &self.server.web_from, &[CLOUDFLARE], problems);
    }
}

fn check_retention(logs: &Logs, problems: &mut Problems) {
    for (field, days) in [
        ("gitlab_days", logs.gitlab_days),
        ("runner_days", logs.runner_days),
        ("runner_system_days", logs.runner_system_days),
    ] {
        problems.unless(
            RETENTIONS.contains(&days),
            format!("logs.{field}"),
            format!("CloudWatch Logs does not offer a retention of {days} days"),
            RETENTIONS.map(|d| d.to_string()).join(", "),
        );
    }
}

/// The images that nex looks up are for x86-64. Graviton families have a `g` after their generation (t4g, m7gd), except
/// for the first one, a1; the newer ones of mac2 are ARM too.
fn check_processor(path: impl Into<String>, instance_type: &str, problems: &mut Problems) {
    let family = instance_type.split('.').next().unwrap_or_default();
    let after = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    problems.unless(
        !after.starts_with('g') && family != "a1" && !family.starts_with("mac2"),
        path,
        format!("{instance_type} has an ARM processor, and the image is for x86-64"),
        "an x86-64 type such as t3a.large, or an image of your own",
    );
}

impl Fleet {
    fn validate(&self, problems: &mut Problems) {
        if self.image.is_none() {
            for (n, name) in self.instance_types.iter().enumerate() {
                check_processor(format!("fleet.instance_types[{n}]"), name, problems);
            }
        }
        problems.unless(
            self.min <= self.max && self.max > 0,
            "fleet.max",
            format!(
                "max {} is less than min {} or less than 1",
                self.max, self.min
            ),
            "fleet.min or more, at least 1",
        );
        problems.unless(
            (self.min..=self.max).contains(&self.desired),
            "fleet.desired",
            format!(
                "{} is outside of min {} and max {}",
                self.desired, self.min, self.max
            ),
            "a number from fleet.min to fleet.max",
        );
        for (n, name) in self.instance_types.iter().enumerate() {
            problems.unless(
                name.split_once('.')
                    .is_some_and(|(f, s)| !f.is_empty() && !s.is_empty()),
                format!("fleet.instance_types[{n}]"),
                format!("{name:?} is not a valid instance type"),
                "FAMILY.SIZE, such as t3a.large",
            );
            problems.unless(
                !self.instance_types[..n].contains(name),
                format!("fleet.instance_types[{n}]"),
                format!("{name} is named twice"),
                "each instance type once",
            );
        }
    }
}

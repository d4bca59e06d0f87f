//! The checks of a section: values that gitlab-runner, Docker or systemd would refuse or misread.

use std::collections::BTreeSet;

use nex_plan::Problems;
use semver::Version;

use crate::spec::{Cleanup, Docker, Spec};
use crate::units;

/// The smallest memory limit that Docker accepts, in bytes.
/// Source: <https://docs.docker.com/engine/containers/resource_constraints/#memory>.
const MIN_MEMORY: u64 = 6 << 20;

/// The smallest CPU limit that Docker accepts, in thousandths of a CPU.
const MIN_MILLICPUS: u64 = 10;

/// From this version on, the helper images are a separate package, which user data pins as well.
const MIN_VERSION: Version = Version::new(17, 7, 0);

impl Spec {
    /// All problems of the section, each with its field's path within the section.
    pub fn validate(&self) -> Problems {
        let mut found = Problems::new();
        found.unless(
            release(&self.version).is_some_and(|version| version >= MIN_VERSION),
            "version",
            format!("`{}` is not a supported version", self.version),
            "MAJOR.MINOR.PATCH, 17.7.0 or newer",
        );
        found.unless(
            self.concurrent > 0,
            "concurrent",
            "gitlab-runner does not start with 0",
            "1 or more",
        );
        found.unless(
            self.stop_timeout > 0,
            "stop_timeout",
            "systemd would wait forever with 0",
            "1 or more seconds",
        );
        found.unless(
            self.session_timeout != Some(0),
            "session_timeout",
            "a session cannot last 0 seconds",
            "1 or more seconds, or no value",
        );
        found.unless(
            is_text(&self.name, 255),
            "name",
            "the name is empty, longer than 255 characters, or has control characters",
            "1 to 255 printable characters",
        );
        if let Some(address) = &self.listen_address {
            found.unless(
                is_listen_address(address),
                "listen_address",
                format!("`{address}` is not a valid listen address"),
                "HOST:PORT, or :PORT for all interfaces",
            );
        }
        found.extend_under("docker", self.docker.validate());
        found.extend_under("cleanup", self.cleanup.validate());
        found
    }
}

impl Docker {
    fn validate(&self) -> Problems {
        let mut found = Problems::new();
        found.unless(
            is_text(&self.image, 4096) && !self.image.contains(char::is_whitespace),
            "image",
            format!("`{}` is not a valid image", self.image.escape_debug()),
            "an image such as node:20-alpine",
        );
        let distinct: BTreeSet<_> = self.pull_policy.iter().collect();
        found.unless(
            !distinct.is_empty() && distinct.len() == self.pull_policy.len(),
            "pull_policy",
            "the list is empty or contains a policy twice",
            "one or more of always, if-not-present, never",
        );
        for (at, volume) in self.volumes.iter().enumerate() {
            found.unless(
                is_volume(volume),
                format!("volumes[{at}]"),
                format!("`{}` is not a valid volume", volume.escape_debug()),
                "/path, or /host/path:/path or /host/path:/path:ro",
            );
        }
        let memory = [
            ("memory", Some(&self.memory)),
            ("service_memory", self.service_memory.as_ref()),
        ];
        for (field, text) in memory {
            let Some(text) = text else { continue };
            found.unless(
                units::bytes(text).is_some_and(|bytes| bytes >= MIN_MEMORY),
                field,
                format!("`{text}` is not a valid memory limit"),
                "6m or more, such as 512m or 3g",
            );
        }
        let cpus = [
            ("cpus", Some(&self.cpus)),
            ("service_cpus", self.service_cpus.as_ref()),
        ];
        for (field, text) in cpus {
            let Some(text) = text else { continue };
            found.unless(
                units::millicpus(text).is_some_and(|millicpus| millicpus >= MIN_MILLICPUS),
                field,
                format!("`{text}` is not a valid number of CPUs"),
                "0.01 or more, such as 1.5",
            );
        }
        found
    }
}

impl Cleanup {
    fn validate(&self) -> Problems {
        let mut found = Problems::new();
        for (field, text, least) in [("every", &self.every, 60), ("keep", &self.keep, 1)] {
            found.unless(
                units::seconds(text).is_some_and(|seconds| seconds >= least),
                field,
                format!("`{text}` is not a valid duration"),
                format!("hours, minutes and seconds, at least {least}s, such as 6h or 1h30m"),
            );
        }
        found
    }
}

/// A version of three numbers. The package has neither pre-releases nor numbers of more than three digits.
fn release(text: &str) -> Option<Version> {
    let version = Version::parse(text).ok()?;
    let numbers = [version.major, version.minor, version.patch];
    let plain = version.pre.is_empty() && version.build.is_empty();
    (plain && numbers.iter().all(|number| *number <= 999)).then_some(version)
}

/// Whether `text` has 1 to `longest` characters and no control characters.
fn is_text(text: &str, longest: usize) -> bool {
    let length = text.chars().count();
    (1..=longest).contains(&length) && !text.chars().any(char::is_control)
}

fn is_listen_address(text: &str) -> bool {
    let host_is_plain = |host: &str| {
        host.chars()
            .all(|c| c.is_ascii_alphanumeric() || ".:[]-".contains(c))
    };
    text.rsplit_once(':').is_some_and(|(host, port)| {
        host_is_plain(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

fn is_volume(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    let inside = match parts[..] {
        [inside] | [_, inside] | [_, inside, _] => inside,
        _ => return false,
    };
    inside.starts_with('/') && parts.iter().all(|part| is_text(part, 4096))
}

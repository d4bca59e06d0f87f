//! What is wrong in a spec: values that gitlab-runner, Docker or systemd would refuse or misread.

use std::collections::BTreeSet;

use nex_plan::Problems;

use crate::spec::{Cleanup, Docker, Spec};
use crate::units;

/// Docker refuses to start a container with less.
const LEAST_MEMORY: u64 = 6 << 20;

/// From this release on the package comes with its helper images in a second package, which user data pins too.
const OLDEST: (u32, u32) = (17, 7);

impl Spec {
    /// Everything that is wrong, at once; paths start at the section's own fields.
    pub fn validate(&self) -> Problems {
        let mut found = Problems::new();
        found.unless(
            release(&self.version).is_some_and(|found| found >= OLDEST),
            "version",
            format!("`{}` is no release that can be installed", self.version),
            "MAJOR.MINOR.PATCH, 17.7.0 or newer",
        );
        found.unless(
            self.concurrent > 0,
            "concurrent",
            "with 0 gitlab-runner does not start",
            "1 or more",
        );
        found.unless(
            self.stop_timeout > 0,
            "stop_timeout",
            "0 would mean to wait for ever",
            "1 or more seconds",
        );
        found.unless(
            self.session_timeout != Some(0),
            "session_timeout",
            "0 seconds are no session",
            "1 or more seconds, or nothing",
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
                format!("`{address}` is no address to listen on"),
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
            format!("`{}` names no image", self.image.escape_debug()),
            "an image such as node:20-alpine",
        );
        let distinct: BTreeSet<_> = self.pull_policy.iter().collect();
        found.unless(
            !distinct.is_empty() && distinct.len() == self.pull_policy.len(),
            "pull_policy",
            "the list is empty or names a policy twice",
            "one or more of always, if-not-present, never",
        );
        for (at, volume) in self.volumes.iter().enumerate() {
            found.unless(
                is_volume(volume),
                format!("volumes[{at}]"),
                format!("`{}` is no volume", volume.escape_debug()),
                "/path, or /host/path:/path or /host/path:/path:ro",
            );
        }
        let memory = [
            ("memory", Some(&self.memory)),
            ("service_memory", self.service_memory.as_ref()),
        ];
        for (field, text) in memory {
            let fine = text.is_none_or(|t| units::bytes(t).is_some_and(|b| b >= LEAST_MEMORY));
            let shown = text.map_or("", String::as_str);
            let message = format!("`{shown}` is no size that Docker takes");
            found.unless(fine, field, message, "6m or more, such as 512m or 3g");
        }
        let cpus = [
            ("cpus", Some(&self.cpus)),
            ("service_cpus", self.service_cpus.as_ref()),
        ];
        for (field, text) in cpus {
            let fine = text.is_none_or(|t| units::millicpus(t).is_some_and(|m| m >= 10));
            let shown = text.map_or("", String::as_str);
            let message = format!("`{shown}` is no number of processors");
            found.unless(fine, field, message, "0.01 or more, such as 1.5");
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
                format!("`{text}` is no duration"),
                format!("hours, minutes, seconds, at least {least}s, such as 6h or 1h30m"),
            );
        }
        found
    }
}

/// Major and minor of `MAJOR.MINOR.PATCH`.
fn release(text: &str) -> Option<(u32, u32)> {
    let number = |part: &str| {
        let plain = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    };
    match text.split('.').collect::<Vec<_>>()[..] {
        [major, minor, patch] => {
            number(patch)?;
            Some((number(major)?, number(minor)?))
        }
        _ => None,
    }
}

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

//! Warnings about valid but risky values.

use nex_plan::{Finding, Severity, Subject};

use crate::spec::{PullPolicy, Spec};
use crate::units;

/// The size of the smallest host in the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostSize {
    /// The number of vCPUs.
    pub vcpus: u32,
    /// The memory, in MiB.
    pub memory_mib: u64,
}

/// The memory that a proposal leaves to the system, Docker and the runner.
const RESERVED_MIB: u64 = 1024;

/// Proposed memory limits are multiples of this, which reads better and leaves some memory unused.
const STEP_MIB: u64 = 128;

const SOCKET: &str = "/var/run/docker.sock";

impl Spec {
    /// The warnings about the section's values on a host of this size. Values that [`Spec::validate`] refuses cause no
    /// warnings.
    pub fn warnings(&self, host: HostSize) -> Vec<Finding> {
        [
            self.memory_overcommitted(host),
            self.cpus_overcommitted(host),
            self.services_unlimited(),
            self.jobs_have_root(),
            self.private_images_shared(),
            self.shutdown_timeout_default(),
            self.session_without_address(),
            self.metrics_open(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn memory_overcommitted(&self, host: HostSize) -> Option<Finding> {
        let each = units::bytes(&self.docker.memory)? >> 20;
        let all = each.checked_mul(self.concurrent.into())?;
        let free = host.memory_mib.saturating_sub(RESERVED_MIB);
        if all <= free || self.concurrent == 0 {
            return None;
        }
        let share = free / u64::from(self.concurrent) / STEP_MIB * STEP_MIB;
        let mut fixes = Vec::new();
        if share > 0 {
            fixes.push(format!("memory = \"{share}m\""));
        }
        if let Some(fitting @ 1..) = free.checked_div(each) {
            fixes.push(format!("concurrent = {fitting}"));
        }
        fixes.push(format!("hosts with {} MiB", all + RESERVED_MIB));
        Some(Finding::warning(
            "memory-overcommitted",
            "docker.memory",
            format!(
                "{} jobs with {} each may use {all} MiB, but the host has {} MiB, of which about {free} MiB are for \
                 jobs; if the jobs use more, the kernel kills one of them",
                self.concurrent, self.docker.memory, host.memory_mib
            ),
            one_of(&fixes),
        ))
    }

    fn cpus_overcommitted(&self, host: HostSize) -> Option<Finding> {
        let each = units::millicpus(&self.docker.cpus)?;
        let all = each.checked_mul(self.concurrent.into())?;
        let here = u64::from(host.vcpus) * 1000;
        if all <= here || self.concurrent == 0 {
            return None;
        }
        // Rounds down to tenths of a CPU, so that the proposal fits.
        let share = here / u64::from(self.concurrent) / 100 * 100;
        let mut fixes = Vec::new();
        if share > 0 {
            fixes.push(format!("cpus = \"{}\"", cpus(share)));
        }
        if let Some(fitting @ 1..) = here.checked_div(each) {
            fixes.push(format!("concurrent = {fitting}"));
        }
        fixes.push(format!("hosts with {} vCPUs", all.div_ceil(1000)));
        Some(Finding::warning(
            "cpus-overcommitted",
            "docker.cpus",
            format!(
                "{} jobs with {} CPUs each may use {} CPUs, but the host has {}; the jobs slow each other down",
                self.concurrent,
                self.docker.cpus,
                cpus(all),
                host.vcpus
            ),
            one_of(&fixes),
        ))
    }

    fn services_unlimited(&self) -> Option<Finding> {
        self.docker.service_memory.is_none().then(|| {
            Finding::new(
                Severity::Info,
                "services-unlimited",
                Subject::field("docker.service_memory"),
                format!(
                    "memory = \"{}\" limits only a job's own container; its services have no limit",
                    self.docker.memory
                ),
                "service_memory = \"512m\", if jobs start services",
            )
        })
    }

    fn jobs_have_root(&self) -> Option<Finding> {
        let socket = self.docker.volumes.iter().position(|volume| {
            let source = volume.split(':').next().unwrap_or_default();
            source == SOCKET || source == "/run/docker.sock"
        });
        let (field, message, remedy) = match (socket, self.docker.privileged) {
            (Some(at), true) => (
                format!("docker.volumes[{at}]"),
                format!(
                    "jobs are privileged and can use the host's {SOCKET}: anyone who can write a job is root on the \
                     host; also, docker:dind services do not work next to the mounted socket"
                ),
                "keep one of the two: the socket for `docker build` on the host, or privileged for docker:dind; \
                 use this fleet for trusted projects only",
            ),
            (Some(at), false) => (
                format!("docker.volumes[{at}]"),
                format!(
                    "jobs can use the host's {SOCKET}: anyone who can write a job is root on the host"
                ),
                "use a builder without a Docker daemon (buildah, kaniko), or use this fleet for trusted projects only",
            ),
            (None, true) => (
                "docker.privileged".to_owned(),
                "jobs are privileged: anyone who can write a job can become root on the host"
                    .to_owned(),
                "privileged = false unless jobs use docker:dind, or use this fleet for trusted projects only",
            ),
            (None, false) => return None,
        };
        Some(Finding::warning("jobs-have-root", field, message, remedy))
    }

    fn private_images_shared(&self) -> Option<Finding> {
        // A second policy counts too: the runner tries it after the registry denies a pull.
        let policies = &self.docker.pull_policy;
        policies.iter().any(|p| *p != PullPolicy::Always).then(|| {
            Finding::warning(
                "private-images-shared",
                "docker.pull_policy",
                "a job can use any image that an earlier job pulled to the host; the registry does not check the job's \
                 permission",
                "pull_policy = [\"always\"]; the host does not download layers that it already has",
            )
        })
    }

    fn shutdown_timeout_default(&self) -> Option<Finding> {
        (self.shutdown_timeout == 0).then(|| {
            Finding::warning(
                "shutdown-timeout-default",
                "shutdown_timeout",
                "0 means neither immediately nor forever: gitlab-runner uses 30 s, and only for jobs that are being \
                 aborted",
                "shutdown_timeout = 30 makes the value explicit; stop_timeout is how long a stop waits for running jobs",
            )
        })
    }

    fn session_without_address(&self) -> Option<Finding> {
        self.session_timeout.map(|seconds| {
            Finding::warning(
                "session-server-idle",
                "session_timeout",
                format!(
                    "[session_server] has no listen address, so session_timeout = {seconds} has no effect"
                ),
                "remove session_timeout: GitLab cannot open a terminal on hosts in private subnets",
            )
        })
    }

    fn metrics_open(&self) -> Option<Finding> {
        let address = self.listen_address.as_ref()?;
        let local = ["127.", "localhost:", "[::1]:"]
            .iter()
            .any(|start| address.starts_with(start));
        (!local).then(|| {
            Finding::warning(
                "metrics-unauthenticated",
                "listen_address",
                format!(
                    "`{address}` serves metrics and the list of running jobs to anyone who can reach the port, \
                     including the jobs"
                ),
                "listen_address = \"127.0.0.1:9252\", or a security group that admits only the collector",
            )
        })
    }
}

fn cpus(millis: u64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn one_of(fixes: &[String]) -> String {
    fixes.join(", or ")
}

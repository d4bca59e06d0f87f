//! Values that stand, but that whoever chose them should know more about.

use nex_plan::{Finding, Severity, Subject};

use crate::spec::{PullPolicy, Spec};
use crate::units;

/// The smallest host that the fleet may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostSize {
    /// Its processors.
    pub vcpus: u32,
    /// Its memory, in MiB.
    pub memory_mib: u64,
}

/// Left to the system, Docker and the runner itself when sizes are proposed.
const RESERVED_MIB: u64 = 1024;

/// Proposed sizes are whole multiples of this: they read better and leave a little air.
const STEP_MIB: u64 = 128;

const SOCKET: &str = "/var/run/docker.sock";

impl Spec {
    /// The hazards of these values on a host of this size. Values that [`Spec::validate`] refuses are passed over.
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
                "{} jobs of {} may use {all} MiB; the host has {} MiB, about {free} MiB of it for jobs: \
                 when they use it, the kernel kills one of them",
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
        // Rounded down to tenths, so that the proposal fits.
        let share = here / u64::from(self.concurrent) / 100 * 100;
        let mut fixes = Vec::new();
        if share > 0 {
            fixes.push(format!("cpus = \"{}\"", processors(share)));
        }
        if let Some(fitting @ 1..) = here.checked_div(each) {
            fixes.push(format!("concurrent = {fitting}"));
        }
        fixes.push(format!("hosts with {} vCPUs", all.div_ceil(1000)));
        Some(Finding::warning(
            "cpus-overcommitted",
            "docker.cpus",
            format!(
                "{} jobs of {} CPUs may use {} CPUs; the host has {}: they slow each other down",
                self.concurrent,
                self.docker.cpus,
                processors(all),
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
                    "memory = \"{}\" limits a job's own container only: its services have no limit",
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
        let (field, what, hint) = match (socket, self.docker.privileged) {
            (Some(at), true) => (
                format!("docker.volumes[{at}]"),
                format!(
                    "jobs are privileged and have the host's {SOCKET}: whoever writes a job is root on the \
                    host; and docker:dind services do not work beside the mounted socket"
                ),
                "one of the two: the socket for `docker build` on the host, or privileged for docker:dind; and \
                this fleet for trusted projects only",
            ),
            (Some(at), false) => (
                format!("docker.volumes[{at}]"),
                format!("jobs have the host's {SOCKET}: whoever writes a job is root on the host"),
                "a builder that needs no engine (buildah, kaniko); or this fleet for trusted projects only",
            ),
            (None, true) => (
                "docker.privileged".to_owned(),
                "jobs are privileged: whoever writes a job can become root on the host".to_owned(),
                "privileged = false unless jobs use docker:dind; or this fleet for trusted projects only",
            ),
            (None, false) => return None,
        };
        Some(Finding::warning("jobs-have-root", field, what, hint))
    }

    fn private_images_shared(&self) -> Option<Finding> {
        // Also as a second choice: a pull that the registry denies is followed by the next policy.
        let policies = &self.docker.pull_policy;
        policies.iter().any(|p| *p != PullPolicy::Always).then(|| {
            Finding::warning(
                "private-images-shared",
                "docker.pull_policy",
                "an image that one job pulled is there for every later job on the host, without asking the registry \
                 whether that job may have it",
                "pull_policy = [\"always\"]: layers that are there are not pulled again",
            )
        })
    }

    fn shutdown_timeout_default(&self) -> Option<Finding> {
        (self.shutdown_timeout == 0).then(|| {
            Finding::warning(
                "shutdown-timeout-default",
                "shutdown_timeout",
                "0 does not mean at once or for ever: gitlab-runner takes it for 30 s, and only for jobs that \
                 are being aborted",
                "shutdown_timeout = 30 says what happens; stop_timeout is how long running jobs are waited for",
            )
        })
    }

    fn session_without_address(&self) -> Option<Finding> {
        self.session_timeout.map(|seconds| {
            Finding::warning(
                "session-server-idle",
                "session_timeout",
                format!(
                    "[session_server] has no listen address, so session_timeout = {seconds} does nothing"
                ),
                "leave session_timeout out: hosts in private subnets can't be reached for a terminal",
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
                    "`{address}` serves metrics and the list of running jobs to whoever can reach the port, \
                     jobs included"
                ),
                "listen_address = \"127.0.0.1:9252\", or a security group that lets in the collector only",
            )
        })
    }
}

fn processors(millis: u64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn one_of(fixes: &[String]) -> String {
    fixes.join(", or ")
}

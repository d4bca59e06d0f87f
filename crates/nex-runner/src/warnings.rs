//! Warnings about valid but risky values.

use nex_plan::{Finding, Severity, Subject};

use crate::mounts::{HostMount, Reach};
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

const JOBS_HAVE_ROOT: &str = "jobs-have-root";

impl Spec {
    /// The warnings about the section's values on a host of this size. Values that [`Spec::validate`] refuses cause no
    /// warnings.
    pub fn warnings(&self, host: HostSize) -> Vec<Finding> {
        let mut found = vec![];
        found.extend(self.memory_overcommitted(host));
        found.extend(self.cpus_overcommitted(host));
        found.extend(self.services_unlimited());
        found.extend(self.jobs_have_root());
        found.extend(self.host_files());
        found.extend(self.private_images_shared());
        found.extend(self.shutdown_timeout_default());
        found.extend(self.session_without_address());
        found.extend(self.metrics_open());
        found
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

    /// One finding for each volume that gives root, or one for privileged jobs.
    fn jobs_have_root(&self) -> Vec<Finding> {
        let privileged = self.docker.privileged;
        let roots = self.mounts(Reach::Root).map(|(field, source)| {
            let is_socket = source.ends_with("docker.sock");
            let (message, remedy) = if privileged && is_socket {
                (
                    format!(
                        "jobs are privileged and can use the host's {source}: anyone who can write a job is root on the \
                         host; also, docker:dind services do not work next to the mounted socket"
                    ),
                    "keep one of the two: the socket for `docker build` on the host, or privileged for docker:dind; \
                     use this fleet for trusted projects only",
                )
            } else {
                (
                    format!(
                        "jobs can use the host's {source}: anyone who can write a job is root on the host"
                    ),
                    if is_socket {
                        "use a builder without a Docker daemon (buildah, kaniko), or use this fleet for trusted \
                         projects only"
                    } else {
                        "a path below /srv or /mnt, or use this fleet for trusted projects only"
                    },
                )
            };
            Finding::warning(JOBS_HAVE_ROOT, field, message, remedy)
        });
        let found: Vec<Finding> = roots.collect();
        if !found.is_empty() || !privileged {
            return found;
        }
        vec![Finding::warning(
            JOBS_HAVE_ROOT,
            "docker.privileged",
            "jobs are privileged: anyone who can write a job can become root on the host",
            "privileged = false unless jobs use docker:dind, or use this fleet for trusted projects only",
        )]
    }

    fn host_files(&self) -> Vec<Finding> {
        let files = self.mounts(Reach::Files).map(|(field, source)| {
            Finding::warning(
                "host-path-mounted",
                field,
                format!(
                    "jobs can use the host's {source}: a job can read or change what belongs to the host or to other jobs"
                ),
                "a path below /srv or /mnt, where the host has nothing of its own",
            )
        });
        files.collect()
    }

    /// The volumes with this reach: each field, and the host's path.
    fn mounts(&self, reach: Reach) -> impl Iterator<Item = (String, &str)> {
        let volumes = self.docker.volumes.iter().enumerate();
        volumes.filter_map(move |(at, volume)| {
            let mount = HostMount::of(volume).filter(|mount| mount.reach == reach)?;
            Some((format!("docker.volumes[{at}]"), mount.source))
        })
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

//! Warnings about valid but risky settings.

use nex_plan::{Finding, Remedy, Value};

use super::networks::cover_the_internet;
use super::{CLOUDFLARE, Credits, Fleet, HostSize, Spec, is_burstable};

/// GitLab's documented minimum for up to 20 requests a second, in MiB (docs.gitlab.com, installation requirements).
const GITLAB_MEMORY_MIB: u32 = 8 * 1024;

/// The price of surplus credits on T3 and T3a, in USD per vCPU-hour (EC2 on-demand price page).
const SURPLUS_USD_PER_VCPU_HOUR: f64 = 0.05;

impl Spec {
    /// Warnings about valid but risky settings.
    pub fn warnings(&self) -> Vec<Finding> {
        let mut found = vec![];
        if self.account.is_none() {
            found.push(Finding::warning(
                "account-not-named",
                "account",
                "nex works in the account of whatever credentials it finds: with the wrong profile, in the wrong account",
                "account = \"...\", the account's 12 digits",
            ));
        }
        self.access_warnings(&mut found);
        if let Some(size) = HostSize::of(&self.server.instance_type)
            && size.memory_mib < GITLAB_MEMORY_MIB
        {
            found.push(Finding::warning(
                "server-memory",
                "server.instance_type",
                format!(
                    "{} has {} MiB of memory; GitLab needs {GITLAB_MEMORY_MIB}",
                    self.server.instance_type, size.memory_mib
                ),
                "an instance type with 16 GiB, such as t3a.xlarge",
            ));
        }
        if !self.server.termination_protection {
            found.push(Finding::warning(
                "termination-protection",
                "server.termination_protection",
                "one API call can terminate the server",
                Remedy::Edit {
                    field: "termination_protection".into(),
                    value: true.into(),
                },
            ));
        }
        let backups = &self.storage.backups;
        if backups.existing {
            found.push(Finding::warning(
                "backups-never-expire",
                "storage.backups.existing",
                format!(
                    "the bucket is shared, so nex sets no lifecycle rule on it: nothing deletes backups under {}",
                    backups.prefix
                ),
                "a rule of the bucket's owner for that prefix, or a bucket of nex's own (existing = false)",
            ));
        }
        if let Some(fleet) = &self.fleet {
            fleet.warnings(&mut found);
        }
        found
    }

    fn access_warnings(&self, found: &mut Vec<Finding>) {
        if cover_the_internet(&self.server.ssh_from) {
            found.push(Finding::warning(
                "ssh-open",
                "server.ssh_from",
                "port 22 accepts connections from the whole internet, or from a large part of it",
                "the networks of the people who push, or keep this value and rely on SSH keys",
            ));
        }
        if self.server.ssh_from.is_empty() {
            found.push(Finding::warning(
                "ssh-closed",
                "server.ssh_from",
                "no network may reach port 22: git over SSH does not work",
                "the networks of the people who push",
            ));
        }
        if self.server.web_from.is_empty() {
            found.push(Finding::warning(
                "web-closed",
                "server.web_from",
                "no network may reach ports 80 and 443: GitLab's pages, its API and Git over HTTPS do not work",
                Remedy::Edit {
                    field: "web_from".into(),
                    value: Value::set([CLOUDFLARE]),
                },
            ));
        }
        if cover_the_internet(&self.server.web_from) {
            found.push(Finding::warning(
                "origin-open",
                "server.web_from",
                "ports 80 and 443 accept connections from the whole internet, or from a large part of it, so visitors can \
                 bypass the proxy",
                Remedy::Edit {
                    field: "web_from".into(),
                    value: Value::set([CLOUDFLARE]),
                },
            ));
        }
    }
}

impl Fleet {
    fn warnings(&self, found: &mut Vec<Finding>) {
        let others: Vec<&str> = self
            .instance_types
            .iter()
            .filter(|t| !is_burstable(t))
            .map(String::as_str)
            .collect();
        let burstable = others.len() < self.instance_types.len();
        if burstable && !others.is_empty() {
            found.push(Finding::warning(
                "credits-left-out",
                "fleet.credits",
                format!(
                    "EC2 takes credits only if all instance types burst, and {} do not: nex leaves credits out, and the \
                     others pay as the account's default says, which is unlimited for T3 and T3a",
                    others.join(", ")
                ),
                "instance types that all burst, or none that does",
            ));
        }
        if burstable && self.credits == Credits::Unlimited {
            found.push(Finding::warning(
                "surplus-credits",
                "fleet.credits",
                format!(
                    "a t3.large earns 30 % of a vCPU; at full load its 2 vCPUs cost {:.2} USD an hour in surplus, above the Spot price",
                    2.0 * 0.7 * SURPLUS_USD_PER_VCPU_HOUR
                ),
                "credits = \"standard\", or instance types that do not burst",
            ));
        }
        if burstable && self.max > self.min {
            found.push(Finding::warning(
                "cpu-signal",
                "fleet.target_cpu_percent",
                "CPU is a poor signal for scaling: jobs that wait for the network look idle, and a throttled burstable instance looks busy",
                "scaling on the number of waiting jobs, or min = max",
            ));
        }
        if self.spot_percent > 0 && self.instance_types.len() < 2 {
            found.push(Finding::warning(
                "one-spot-pool",
                "fleet.instance_types",
                "one instance type: when its Spot capacity is gone, so is the fleet",
                "two or more types of one size",
            ));
        }
    }
}

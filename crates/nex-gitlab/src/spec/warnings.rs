//! Warnings about valid but risky values.

use nex_plan::{Finding, Severity, Subject};

use super::{Spec, SslMode, Version};
use crate::inputs::WebAccess;

impl Spec {
    /// The warnings about the section's values.
    pub fn warnings(&self, web: WebAccess) -> Vec<Finding> {
        [
            self.no_mail(),
            self.ssh_behind_proxy(web),
            self.database_unverified(),
            self.amcheck_extension(),
            self.ubuntu_end(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The warning for a PostgreSQL server that is too old for this GitLab, given the server's major version.
    pub fn database_warning(&self, major: u32) -> Option<Finding> {
        let minimum = self.version.minimum_postgresql()?;
        (major < minimum).then(|| {
            Finding::warning(
                "postgresql-too-old",
                "version",
                format!(
                    "GitLab {} needs PostgreSQL {minimum} or newer, but the server runs {major}; the package \
                     only warns, and then the migrations fail",
                    self.version
                ),
                format!(
                    "first upgrade the RDS instance to PostgreSQL {minimum}, or choose an older GitLab"
                ),
            )
        })
    }

    fn no_mail(&self) -> Option<Finding> {
        let Some(mail) = &self.mail else {
            return Some(Finding::warning(
                "mail-absent",
                "mail",
                "GitLab will send no email: no invitations, no password resets, no notifications",
                "add a [mail] section with the relay's host, the user, a reference to the password, and the sender's \
                 address",
            ));
        };
        (mail.port == 25).then(|| {
            Finding::warning(
                "mail-port-blocked",
                "mail.port",
                "EC2 blocks outgoing port 25 unless AWS has removed the restriction for the account",
                "use the relay's submission port, usually 587",
            )
        })
    }

    fn ssh_behind_proxy(&self, web: WebAccess) -> Option<Finding> {
        let hosts = self.hosts();
        (web == WebAccess::Proxied && hosts.ssh == hosts.web).then(|| {
            Finding::warning(
                "ssh-behind-proxy",
                "ssh_host",
                format!(
                    "{} is proxied, and the proxy forwards only ports 80 and 443: Git over SSH cannot connect",
                    hosts.ssh
                ),
                "use a separate, DNS-only name for SSH, such as ssh-gitlab.example.com",
            )
        })
    }

    fn database_unverified(&self) -> Option<Finding> {
        let mode = self.database.sslmode;
        (mode != SslMode::VerifyFull).then(|| {
            Finding::warning(
                "database-unverified",
                "database.sslmode",
                format!("{mode} does not check the server's host name"),
                "use verify-full: nex installs the RDS certificates anyway",
            )
        })
    }

    fn amcheck_extension(&self) -> Option<Finding> {
        let since = Version::new(18, 4, 0);
        (self.version >= since).then(|| {
            Finding::new(
                Severity::Info,
                "amcheck-extension",
                Subject::field("database.user"),
                format!(
                    "since {since}, GitLab uses the extension amcheck, which the database's owner cannot create on RDS"
                ),
                format!(
                    "as the master user, run this once in the database {}: CREATE EXTENSION IF NOT EXISTS amcheck",
                    self.database.name
                ),
            )
        })
    }

    fn ubuntu_end(&self) -> Option<Finding> {
        (self.version.major() == 19 && self.version.minor() == 11).then(|| {
            Finding::warning(
                "ubuntu-end",
                "version",
                "GitLab 19.11 is the last version for Ubuntu 22.04",
                "plan the move to Ubuntu 24.04 before the next upgrade",
            )
        })
    }
}

//! Warnings: values that are allowed and risky.

use nex_plan::{Finding, Severity, Subject};

use super::{Spec, SslMode, Version};

/// How visitors reach the web host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebAccess {
    /// At its own address, on every port.
    #[default]
    Direct,
    /// Through a proxy, on ports 80 and 443 only.
    Proxied,
}

impl Spec {
    /// The warnings about these values.
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

    /// The warning that only the PostgreSQL server's major version shows: whether it is too old for this GitLab.
    pub fn database_warning(&self, major: u32) -> Option<Finding> {
        let need = self.version.minimum_postgresql()?;
        (major < need).then(|| {
            Finding::warning(
                "postgresql-too-old",
                "version",
                format!("GitLab {} needs PostgreSQL {need} or newer, and the server is {major}; the package only warns and the migrations then fail", self.version),
                format!("upgrade the RDS instance to {need} first, or ask for an older GitLab"),
            )
        })
    }

    fn no_mail(&self) -> Option<Finding> {
        let Some(mail) = &self.mail else {
            return Some(Finding::warning(
                "mail-absent",
                "mail",
                "GitLab will send no mail: no invitations, no password resets, no notifications",
                "add a [mail] section with the relay's host, user, password reference and from address",
            ));
        };
        (mail.port == 25).then(|| {
            Finding::warning(
                "mail-port-blocked",
                "mail.port",
                "EC2 blocks outgoing port 25 unless AWS has lifted it for the account",
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
                format!("{} is proxied, and the proxy passes ports 80 and 443 only: git over SSH will not connect", hosts.ssh),
                "give SSH a name of its own that is DNS only, such as ssh-gitlab.example.com",
            )
        })
    }

    fn database_unverified(&self) -> Option<Finding> {
        let mode = self.database.sslmode;
        (mode != SslMode::VerifyFull).then(|| {
            Finding::warning(
                "database-unverified",
                "database.sslmode",
                format!("with {mode}, the server's host name is not checked"),
                "use verify-full: the RDS certificates are installed anyway",
            )
        })
    }

    fn amcheck_extension(&self) -> Option<Finding> {
        let since = Version {
            major: 18,
            minor: 4,
            patch: 0,
        };
        (self.version >= since).then(|| {
            Finding::new(
                Severity::Info,
                "amcheck-extension",
                Subject::field("database.user"),
                format!("from {since} on, GitLab uses the extension amcheck, which the database's owner can't create on RDS"),
                format!("once, as the master user, in the database {}: CREATE EXTENSION IF NOT EXISTS amcheck", self.database.name),
            )
        })
    }

    fn ubuntu_end(&self) -> Option<Finding> {
        (self.version.major == 19 && self.version.minor == 11).then(|| {
            Finding::warning(
                "ubuntu-end",
                "version",
                "GitLab 19.11 is the last release for Ubuntu 22.04",
                "plan the move to Ubuntu 24.04 before the next upgrade",
            )
        })
    }
}

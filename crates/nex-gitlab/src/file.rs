//! The files that the user data installs on the server.

use crate::gitlab_rb::gitlab_rb;
use crate::inputs::Inputs;
use crate::spec::Spec;
use crate::{agent, backup, certificate, settings};

/// One file on the server.
pub(crate) struct File {
    pub(crate) directory: &'static str,
    pub(crate) name: &'static str,
    /// The permissions, in octal.
    pub(crate) mode: &'static str,
    /// The content, which ends with a newline.
    pub(crate) content: String,
}

impl File {
    fn config(name: &'static str, mode: &'static str, content: String) -> Self {
        Self {
            directory: "/etc/nex",
            name,
            mode,
            content,
        }
    }

    fn program(name: &'static str, content: &str) -> Self {
        Self {
            directory: "/usr/local/sbin",
            name,
            mode: "0755",
            content: content.to_owned(),
        }
    }

    fn unit(name: &'static str, content: impl Into<String>) -> Self {
        Self {
            directory: "/etc/systemd/system",
            name,
            mode: "0644",
            content: content.into(),
        }
    }

    /// The absolute path on the server.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.directory, self.name)
    }
}

/// The files of the server, in the order in which the user data writes them.
pub(crate) fn server_files(spec: &Spec, inputs: &Inputs) -> Vec<File> {
    let log_agent = agent::render(&inputs.log_groups);
    vec![
        File::config("server.conf", "0644", settings::render(spec, inputs)),
        File::config("gitlab.rb", "0600", gitlab_rb(spec, inputs)),
        File::config("amazon-cloudwatch-agent.json", "0644", log_agent),
        File::program("nex-gitlab-backup", backup::SCRIPT),
        File::unit("nex-gitlab-backup.service", backup::SERVICE),
        File::unit("nex-gitlab-backup.timer", backup::timer(spec.backups.at)),
        File::unit("nex-gitlab-certificate.service", certificate::SERVICE),
        File::unit("nex-gitlab-certificate.timer", certificate::TIMER),
    ]
}

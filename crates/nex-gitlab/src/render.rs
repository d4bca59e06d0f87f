//! The files that make a server.

use std::collections::BTreeMap;

use crate::{Inputs, Spec, agent, backup, certificate, gitlab_rb, settings, setup};

/// What EC2 takes as user data, in bytes before base64.
pub const USER_DATA_LIMIT: usize = 16 * 1024;

/// Why a server can't be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The user data does not fit.
    #[error(
        "the user data is {size} bytes, {} more than the {USER_DATA_LIMIT} that EC2 takes",
        size - USER_DATA_LIMIT
    )]
    TooLarge {
        /// The size, in bytes.
        size: usize,
    },
    /// The spec has a mail section, and nobody said where its password lies.
    #[error("the mail section needs the name of the secret that holds the relay's password")]
    MailPasswordMissing,
    /// No shell can hold a NUL character.
    #[error("a value contains a NUL character")]
    Nul,
}

/// One file on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// The name that `files` gives it.
    pub(crate) name: &'static str,
    /// Where it lies on the server.
    pub(crate) path: &'static str,
    /// Its mode, octal.
    pub(crate) mode: &'static str,
    /// What stands in it; ends with a line end.
    pub(crate) content: String,
}

/// The files that the user data puts on the server, in the order in which it writes them.
pub(crate) fn server_files(spec: &Spec, inputs: &Inputs) -> Vec<File> {
    let file = |name, path, mode, content| File {
        name,
        path,
        mode,
        content,
    };
    vec![
        file(
            "server.conf",
            "/etc/nex/server.conf",
            "0644",
            settings::render(spec, inputs),
        ),
        file(
            "gitlab.rb",
            "/etc/nex/gitlab.rb",
            "0600",
            gitlab_rb(spec, inputs),
        ),
        file(
            "amazon-cloudwatch-agent.json",
            "/etc/nex/amazon-cloudwatch-agent.json",
            "0644",
            agent::render(&inputs.log_groups),
        ),
        file(
            "nex-gitlab-backup",
            "/usr/local/sbin/nex-gitlab-backup",
            "0755",
            backup::SCRIPT.to_owned(),
        ),
        file(
            "nex-gitlab-backup.service",
            "/etc/systemd/system/nex-gitlab-backup.service",
            "0644",
            backup::SERVICE.to_owned(),
        ),
        file(
            "nex-gitlab-backup.timer",
            "/etc/systemd/system/nex-gitlab-backup.timer",
            "0644",
            backup::timer(spec.backups.at),
        ),
        file(
            "nex-gitlab-certificate.service",
            "/etc/systemd/system/nex-gitlab-certificate.service",
            "0644",
            certificate::SERVICE.to_owned(),
        ),
        file(
            "nex-gitlab-certificate.timer",
            "/etc/systemd/system/nex-gitlab-certificate.timer",
            "0644",
            certificate::TIMER.to_owned(),
        ),
    ]
}

/// Every file that nex would put on the server, by name, and the `user-data` that carries them.
/// None holds a secret: only where secrets are to be had.
pub fn files(spec: &Spec, inputs: &Inputs) -> BTreeMap<&'static str, String> {
    let files = server_files(spec, inputs);
    let script = setup::script(&files);
    files
        .into_iter()
        .map(|file| (file.name, file.content))
        .chain([("user-data", script)])
        .collect()
}

/// The script that the server runs at its first boot.
///
/// # Errors
/// When it would not fit into EC2's limit, when the mail relay's password has no secret, or when a value
/// holds a NUL character.
pub fn user_data(spec: &Spec, inputs: &Inputs) -> Result<String, Error> {
    if spec.mail.is_some() && inputs.secrets.mail_password.is_none() {
        return Err(Error::MailPasswordMissing);
    }
    let script = setup::script(&server_files(spec, inputs));
    match script.len() {
        _ if script.contains('\0') => Err(Error::Nul),
        size if size > USER_DATA_LIMIT => Err(Error::TooLarge { size }),
        _ => Ok(script),
    }
}

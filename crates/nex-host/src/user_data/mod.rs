//! The user data of a host: one script for both roles, with the host's values in it.

use std::fmt::Write as _;

use crate::artifact::HostConfig;

/// Where the agent's program is on a host.
pub const AGENT_PATH: &str = "/usr/local/sbin/nex-agent";

/// Where the bundle is that a host got with its user data.
pub const BUNDLE_PATH: &str = "/var/lib/nex/bundle.json";

/// Where a host keeps its [`HostConfig`], with its own ARN in the field `instance`. The file is written last: when it
/// is there, the agent and the bundle are, too.
pub const HOST_FILE_PATH: &str = "/etc/nex/host.json";

/// The largest user data, in bytes. EC2 accepts 16 KiB before base64; a launch template keeps every version of it.
pub const USER_DATA_LIMIT: usize = 6 * 1024;

/// The user data exceeds [`USER_DATA_LIMIT`]: the keys of the objects are too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the user data has {bytes} bytes, {} more than the limit of {USER_DATA_LIMIT}: the keys of the agent and of the \
     bundle are too long",
    bytes - USER_DATA_LIMIT
)]
pub struct UserDataTooLarge {
    /// The size in bytes.
    pub bytes: usize,
}

const SCRIPT: &str = include_str!("install.py");

/// The script that cloud-init runs at a host's first boot, for Python 3.9 or later with its standard library only.
///
/// The script gets the keys of the instance's role from the metadata service, fetches the agent and the bundle, checks
/// their SHA-256, installs them, and runs `nex-agent setup`. If anything fails, it writes a [`Status`](crate::Status)
/// with the reason and tries again until it succeeds: the host heals when the cause goes away.
///
/// # Errors
/// [`UserDataTooLarge`] if the script exceeds [`USER_DATA_LIMIT`].
pub fn user_data(host: &HostConfig) -> Result<String, UserDataTooLarge> {
    let json = serde_json::to_string(host).expect("text and numbers serialize to JSON");
    let script = SCRIPT
        .replacen("@AGENT@", AGENT_PATH, 1)
        .replacen("@BUNDLE@", BUNDLE_PATH, 1)
        .replacen("@HOST_FILE@", HOST_FILE_PATH, 1)
        // Last, so that nothing in the values is replaced.
        .replacen("'@HOST@'", &python_literal(&json), 1);
    if script.len() > USER_DATA_LIMIT {
        return Err(UserDataTooLarge {
            bytes: script.len(),
        });
    }
    Ok(script)
}

/// A Python string literal for any text, on one line and in printable ASCII.
fn python_literal(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => {
                // Writing to a String can't fail.
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('\'');
    out
}

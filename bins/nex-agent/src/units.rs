//! The units with which systemd runs the agent again.

use nex_host::{File, Mode};

use crate::failure::Failure;
use crate::log::Log;
use crate::program::Programs;
use crate::root::{Root, Written};

/// The units, by name.
pub const UNITS: [(&str, &str); 2] = [
    ("nex-agent.service", include_str!("units/nex-agent.service")),
    ("nex-agent.timer", include_str!("units/nex-agent.timer")),
];

/// Installs the units and starts the timer.
///
/// # Errors
/// A [`Failure`] if a unit can't be written or systemd does not accept it.
pub async fn install(root: &Root, programs: &Programs, log: &Log) -> Result<(), Failure> {
    let mut changed = false;
    for (name, content) in UNITS {
        let file = File {
            path: format!("/etc/systemd/system/{name}")
                .parse()
                .expect("a path"),
            mode: Mode::READABLE,
            owner: root.owner(),
            content: content.to_owned(),
        };
        changed |= root.write(&file)? == Written::Changed;
    }
    if changed {
        programs.run(log, "systemctl", &["daemon-reload"]).await?;
    }
    programs
        .run(log, "systemctl", &["enable", "--now", "nex-agent.timer"])
        .await?;
    Ok(())
}

//! The steps of each role. A table of all steps is in [`of`]; each file has one step, or what several steps share.

use std::time::Duration;

use nex_host::{Contents, File, Role};

use crate::step::Step;

mod files;
mod key;
mod packages;
mod runner;
mod secrets;
mod server;

pub(crate) use server::CERTIFICATE;

/// The steps of a role, in their order.
pub fn of(role: Role) -> Vec<Step> {
    match role {
        Role::Server => [vec![files::step(), secrets::step()], server::steps()].concat(),
        Role::Runner => [vec![files::step()], runner::steps()].concat(),
    }
}

/// The deadline of a step that talks to systemd only.
const SYSTEMD: Duration = Duration::from_secs(60);

/// The deadline of a step that installs small packages. Ubuntu's own upgrades at the first boot may take some minutes.
const INSTALL: Duration = Duration::from_secs(15 * 60);

/// The rendered files below these folders, for the inputs of a step.
fn files_below<'a>(contents: &'a Contents, folders: &[&str]) -> Vec<&'a File> {
    let is_below = |file: &&File| {
        folders
            .iter()
            .any(|folder| file.path.as_str().starts_with(folder))
    };
    contents.files.iter().filter(is_below).collect()
}

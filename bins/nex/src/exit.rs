//! How a run ended, as its exit code says.

use std::process::ExitCode;

/// The exit codes of `nex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: fine.
    Fine,
    /// 1: failed; nothing was changed, or what was begun is said.
    Failed,
    /// 3: there are changes (`plan --check`).
    Changes,
    /// 4: partly applied; a second run goes on.
    Partly,
    /// 5: refused for safety; nothing was changed.
    Refused,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            Exit::Failed => 1,
            Exit::Changes => 3,
            Exit::Partly => 4,
            Exit::Refused => 5,
        })
    }
}

//! The exit code of a run.

use std::process::ExitCode;

/// The exit codes of `nex`. clap ends the program with 2 after a usage error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: success.
    Fine,
    /// 1: failed; the report says what was changed before the failure.
    Failed,
    /// 3: the plan has changes (`plan --check`).
    Changes,
    /// 4: partly applied; a second run continues.
    Partly,
    /// 5: refused for safety; nothing was changed.
    Refused,
}

impl Exit {
    /// The code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::Failed => 1,
            Exit::Changes => 3,
            Exit::Partly => 4,
            Exit::Refused => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Exit;
    use crate::cli::Cli;

    #[test]
    fn the_help_lists_every_exit_code() {
        let help = Cli::command().render_long_help().to_string();
        let words: Vec<&str> = help.split_whitespace().collect();
        let help = words.join(" ");
        let codes = help
            .split("Exit codes:")
            .nth(1)
            .expect("a list of exit codes");
        for exit in [
            Exit::Fine,
            Exit::Failed,
            Exit::Changes,
            Exit::Partly,
            Exit::Refused,
        ] {
            let entry = format!("{} ", exit.code());
            assert!(codes.contains(&entry), "{entry:?} is not in {codes:?}");
        }
        assert!(codes.contains("2 usage"), "{codes:?}");
    }
}

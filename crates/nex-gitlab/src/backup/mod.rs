//! The daily backup: a script, its service and its timer.

use crate::spec::TimeOfDay;

pub(crate) const SCRIPT: &str = include_str!("nex-gitlab-backup.sh");
pub(crate) const SERVICE: &str = include_str!("nex-gitlab-backup.service");

/// `Persistent` makes a server that was off at `at` catch up after its next boot.
pub(crate) fn timer(at: TimeOfDay) -> String {
    format!(
        "\
[Unit]
Description=Daily backup of GitLab

[Timer]
OnCalendar=*-*-* {at}:00 UTC
Persistent=true

[Install]
WantedBy=timers.target
"
    )
}

//! systemd accepts the units.

use std::fs;
use std::process::Command;

use nex_agent::units::UNITS;

#[test]
fn systemd_accepts_the_units() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in UNITS {
        let content = content.replace("/usr/local/sbin/nex-agent", "/bin/true");
        fs::write(folder.path().join(name), content).expect("written");
    }
    for (name, _) in UNITS {
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .arg(folder.path().join(name))
            .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display()))
            .output();
        let Ok(output) = output else {
            return; // This machine has no systemd; CI has.
        };
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        let about_us = printed.contains(&*folder.path().to_string_lossy());
        assert!(output.status.success() && !about_us, "{printed}");
    }
}

//! Only one agent works at a time.

use std::fs;
use std::process::{Command, Output};

use crate::machine::Machine;

fn agent(machine: &Machine, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nex-agent"))
        .arg("--root")
        .arg(machine.root.folder())
        .args(args)
        .output()
        .expect("the agent")
}

#[test]
fn a_second_agent_does_nothing() {
    let machine = Machine::new();
    let folder = machine.root.path("/var/lib/nex");
    fs::create_dir_all(&folder).expect("made");
    let lock = fs::File::create(folder.join("lock")).expect("a file");
    lock.lock().expect("locked");
    let text = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

    // The timer comes again: nothing has failed.
    let output = agent(&machine, &["converge"]);
    assert!(output.status.success());
    assert_eq!(text(&output), "nex-agent: another agent is at work\n");
    let output = agent(&machine, &["apply", &"0".repeat(64)]);
    assert!(!output.status.success());
    assert!(
        text(&output).ends_with("nex-agent: nothing was done\n"),
        "{}",
        text(&output)
    );

    // A backup runs beside it, and the lock ends with its process.
    let not_installed =
        "nex-agent: there is no /etc/nex/host.json: this host was not installed by nex\n";
    assert_eq!(text(&agent(&machine, &["backup"])), not_installed);
    drop(lock);
    assert_eq!(text(&agent(&machine, &["converge"])), not_installed);
}

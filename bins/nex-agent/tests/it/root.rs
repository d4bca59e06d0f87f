//! Files of the machine.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use nex_agent::root::Written;
use nex_host::{Cause, Mode};

use crate::machine::Machine;

#[test]
fn a_file_is_written_once_and_brought_back_after_a_change_by_hand() {
    let machine = Machine::new();
    let mut file = machine.file("/etc/nex/a/b", "text\n");
    file.mode = Mode::PRIVATE;
    assert_eq!(machine.root.write(&file), Ok(Written::Changed));
    let path = machine.root.path("/etc/nex/a/b");
    let found = fs::metadata(&path).expect("a file");
    assert_eq!(found.mode() & 0o7777, 0o600);
    assert_eq!(machine.root.write(&file), Ok(Written::Same));
    assert_eq!(fs::metadata(&path).expect("a file").ino(), found.ino());

    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("set");
    assert_eq!(machine.root.write(&file), Ok(Written::Changed));
    fs::write(&path, "TEXT\n").expect("written");
    assert_eq!(machine.root.write(&file), Ok(Written::Changed));
    assert_eq!(machine.read("/etc/nex/a/b"), "text\n");
    let names = fs::read_dir(machine.root.path("/etc/nex/a")).expect("a folder");
    assert_eq!(names.count(), 1, "nothing else is left");
}

#[test]
fn a_link_is_replaced_and_its_target_stays() {
    let machine = Machine::new();
    let other = machine.path("other");
    fs::write(&other, "text\n").expect("written");
    fs::create_dir_all(machine.root.path("/etc")).expect("made");
    std::os::unix::fs::symlink(&other, machine.root.path("/etc/a")).expect("linked");
    let file = machine.file("/etc/a", "text\n");
    assert_eq!(machine.root.write(&file), Ok(Written::Changed));
    let found = fs::symlink_metadata(machine.root.path("/etc/a")).expect("a file");
    assert!(found.is_file());
}

#[test]
fn an_unknown_owner_is_a_failure_with_its_name() {
    let machine = Machine::new();
    let mut file = machine.file("/etc/a", "");
    file.owner = "nex-nobody:root".parse().expect("an owner");
    let failure = machine.root.write(&file).expect_err("no such user");
    assert_eq!(failure.cause, Cause::Other);
    assert_eq!(
        failure.text,
        "the user or the group of nex-nobody:root does not exist"
    );
}

#[test]
fn a_full_disk_is_its_own_cause() {
    let full = std::io::Error::from_raw_os_error(28);
    let failure = nex_agent::failure::Failure::file("write /etc/a")(full);
    assert_eq!(failure.cause, Cause::DiskFull);
}

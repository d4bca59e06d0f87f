//! Runs the whole set-up script in a folder, with fakes for every command that would change a machine.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nex_gitlab::files;

use crate::support::{has_tool, read, reference_inputs, reference_spec, run, success, write};

struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let fakes = root.path().join("fakes.sh");
        write(&fakes, include_str!("fakes.sh"));
        mode_set(&fakes, 0o755);
        let agent = "opt/aws/amazon-cloudwatch-agent/bin";
        let psql = "opt/gitlab/embedded/postgresql/16/bin";
        for dir in ["bin", "state", agent, psql] {
            std::fs::create_dir_all(root.path().join(dir)).expect("a folder");
        }
        let commands = "apt-get apt-mark aws curl dpkg dpkg-query gitlab-backup gitlab-ctl gpg gpgv openssl sleep snap systemctl";
        for command in commands.split(' ') {
            symlink(&fakes, root.path().join("bin").join(command)).expect("a link");
        }
        symlink(&fakes, root.path().join(psql).join("psql")).expect("a link");
        let machine = Self { root };
        write(
            &machine.path("user-data"),
            &files(&reference_spec(), &reference_inputs())["user-data"],
        );
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn boot(&self) -> Output {
        self.run("user-data")
    }

    /// Runs a script as cloud-init does: without HOME.
    fn run(&self, script: &str) -> Output {
        run(&mut self.bash(script))
    }

    fn bash(&self, script: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut bash = Command::new("bash");
        bash.arg(self.path(script))
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("NEX_ROOT", self.root.path())
            .env("FAKE_STATE", self.path("state"))
            .env("EXTERNAL_URL", "http://stray.example.com")
            .env_remove("HOME");
        bash
    }

    /// Runs one step, as the timer does.
    fn step(&self, step: &str) -> Output {
        run(self.bash("user-data").arg(step))
    }

    fn calls(&self) -> Vec<String> {
        let path = self.path("state/calls");
        let calls = read(&path).lines().map(str::to_owned).collect();
        std::fs::remove_file(path).expect("the log is removed");
        calls
    }

    fn status(&self) -> String {
        read(&self.path("var/lib/nex/setup-status"))
    }

    fn mode(&self, path: &str) -> u32 {
        let meta = std::fs::metadata(self.path(path)).expect(path);
        meta.permissions().mode() & 0o777
    }
}

fn mode_set(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn position(calls: &[String], part: &str) -> usize {
    let found = calls.iter().position(|call| call.contains(part));
    found.unwrap_or_else(|| panic!("no {part:?} in {calls:#?}"))
}

#[test]
fn a_first_boot_survives_temporary_failures() {
    if !has_tool("jq") {
        return;
    }
    let machine = Machine::new();
    let output = success(&machine.boot());
    assert_eq!(output.lines().last(), Some("nex: done"));
    assert_eq!(machine.status(), "done\n");

    let calls = machine.calls();
    let order = [
        "gpgv --keyring",
        "amazon-cloudwatch-agent-ctl -a fetch-config",
        "install gitlab-ce=18.11.1-ce.0",
        "apt-mark hold gitlab-ce",
        "psql -qtAc SELECT 1",
        "gitlab-ctl reconfigure",
        "systemctl enable --now nex-gitlab-backup.timer nex-gitlab-certificate.timer",
        "/-/readiness",
    ]
    .map(|part| position(&calls, part));
    assert!(order.is_sorted(), "{order:?} in {calls:#?}");

    let files = files(&reference_spec(), &reference_inputs());
    assert_eq!(
        read(&machine.path("etc/gitlab/gitlab.rb")),
        files["gitlab.rb"]
    );
    let list = read(&machine.path("etc/apt/sources.list.d/gitlab-ce.list"));
    assert!(list.starts_with("deb [signed-by=/usr/share/keyrings/gitlab-ce.gpg] https://packages.gitlab.com/gitlab/gitlab-ce/"));
    let key = read(&machine.path("usr/share/keyrings/gitlab-ce.gpg"));
    assert!(key.contains("--export F6403F6544A38863DAA0B6E03F01618A51312F3F"));
}

#[test]
fn secrets_are_only_in_root_only_files() {
    if !has_tool("jq") {
        return;
    }
    let machine = Machine::new();
    let output = machine.boot();
    success(&output);
    assert_eq!(
        read(&machine.path("etc/gitlab/secrets.d/database_password")),
        "s3cret-database $(exit 1)\n"
    );
    assert_eq!(
        read(&machine.path("etc/gitlab/ssl/origin.key")),
        "s3cret-key\nline two\n"
    );
    assert_eq!(
        read(&machine.path("etc/gitlab/ssl/origin.crt")),
        "s3cret-pem\nline two\n"
    );
    for (path, mode) in [
        ("etc/gitlab", 0o755),
        ("etc/gitlab/gitlab.rb", 0o600),
        ("etc/gitlab/rds-ca-bundle.pem", 0o644),
        ("etc/gitlab/secrets.d", 0o700),
        ("etc/gitlab/secrets.d/database_password", 0o600),
        ("etc/gitlab/secrets.d/root_password", 0o600),
        ("etc/gitlab/secrets.d/mail_password", 0o600),
        ("etc/gitlab/ssl", 0o755),
        ("etc/gitlab/ssl/origin.key", 0o600),
        ("usr/local/sbin/nex-gitlab-backup", 0o755),
    ] {
        assert_eq!(machine.mode(path), mode, "{path}: {:o}", machine.mode(path));
    }
    let printed = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&printed).contains("s3cret"));
    assert!(!machine.calls().concat().contains("s3cret"));
}

#[test]
fn a_timer_installs_a_replaced_certificate() {
    if !has_tool("jq") {
        return;
    }
    let machine = Machine::new();
    success(&machine.boot());
    machine.calls();
    let reloads = || {
        success(&machine.step("certificate"));
        let calls = machine.calls();
        let hups = calls.iter().filter(|call| *call == "gitlab-ctl hup nginx");
        hups.count()
    };
    assert_eq!(reloads(), 0, "the certificate is unchanged");

    write(&machine.path("state/second"), "");
    assert_eq!(reloads(), 1);
    let path = "etc/gitlab/ssl/origin.crt";
    assert_eq!(read(&machine.path(path)), "s3cret-pem of another\n");
    assert_eq!(reloads(), 0);
    // Reload after a run that ended before nginx was reloaded, and after a manual change of a file.
    std::fs::remove_file(machine.path("var/lib/nex/certificate")).expect("there");
    assert_eq!(reloads(), 1);
    write(&machine.path(path), "by hand");
    assert_eq!(reloads(), 1);
    assert_eq!(
        machine.status(),
        "done\n",
        "a single step does not change the status"
    );

    let unit = &files(&reference_spec(), &reference_inputs())["nex-gitlab-certificate.service"];
    let command = "ExecStart=/bin/bash /var/lib/cloud/instance/user-data.txt certificate\n";
    assert!(unit.contains(command), "{unit}");
}

#[test]
fn a_second_run_recovers_from_a_failure_without_a_second_install() {
    if !has_tool("jq") {
        return;
    }
    let machine = Machine::new();
    write(&machine.path("state/broken"), "");
    let output = machine.boot();
    assert!(!output.status.success());
    assert_eq!(machine.status(), "failed configure\n");
    let calls = machine.calls();
    let tries = calls
        .iter()
        .filter(|call| call.contains("gitlab-ctl reconfigure"));
    assert_eq!(tries.count(), 3);

    std::fs::remove_file(machine.path("state/broken")).expect("the fault is removed");
    success(&machine.boot());
    assert_eq!(machine.status(), "done\n");
    assert!(!machine.calls().concat().contains("install gitlab-ce"));
}

#[test]
fn a_backup_uploads_configuration_and_data_below_the_prefix() {
    let machine = Machine::new();
    let files = files(&reference_spec(), &reference_inputs());
    let conf = machine.path("server.conf");
    write(&conf, &files["server.conf"]);
    // The script has no option for another root.
    let script =
        files["nex-gitlab-backup"].replace("/etc/nex/server.conf", &conf.to_string_lossy());
    write(&machine.path("backup"), &script);
    success(&machine.run("backup"));
    let calls = machine.calls();
    let upload = &calls[position(&calls, "aws s3 cp")];
    assert!(
        upload.ends_with("s3://nex-staging-backups/gitlab/config/gitlab_config_1_2027_01_01.tar"),
        "{upload}"
    );
    position(&calls, "gitlab-backup create DIRECTORY=gitlab");
}

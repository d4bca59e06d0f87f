//! Runs the whole user data in a separate root, with fake commands that log their calls.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use nex_runner::{Inputs, Spec, user_data};
use tempfile::TempDir;

use crate::fixtures::{hostile, inputs, reference};

const TOKEN: &str = "glrt-t1_x-Secret.01.abcdef012";
const HOSTNAME: &str = "ip-10-0-10-5.eu-west-3.compute.internal";

struct Host(TempDir);

struct Outcome {
    code: Option<i32>,
    printed: String,
    calls: String,
    status: String,
}

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().expect("a folder"));
        for name in ["dnf", "systemctl", "sleep"] {
            host.command(&format!("bin/{name}"), "");
        }
        host.command("bin/hostname", &format!("echo '{HOSTNAME}'"));
        host.command("bin/aws", &format!("echo '{TOKEN}'"));
        host.command(
            "root/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl",
            "",
        );
        host
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Installs a fake command that logs its call and then runs `body`.
    fn command(&self, name: &str, body: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        let calls = self.path("calls");
        let script = format!(
            "#!/bin/bash\necho \"${{0##*/}} $*\" >>'{}'\n{body}\n",
            calls.display()
        );
        fs::write(&file, script).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
    }

    fn boot(&self, spec: &Spec, inputs: &Inputs) -> Outcome {
        let script = self.path("user-data");
        fs::write(&script, user_data(spec, inputs).expect("user data")).expect("written");
        let _ = fs::remove_file(self.path("calls"));
        let output = Command::new("bash")
            .arg(&script)
            .env("NEX_ROOT", self.path("root"))
            .env("WAIT_SECONDS", "0")
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("bin").display()),
            )
            .output()
            .expect("bash");
        let printed = [output.stdout, output.stderr].concat();
        Outcome {
            code: output.status.code(),
            printed: String::from_utf8_lossy(&printed).into_owned(),
            calls: read(&self.path("calls")),
            status: read(&self.path("root/var/lib/nex/bootstrap.status")),
        }
    }

    fn config(&self) -> toml::Table {
        let text = read(&self.path("root/etc/gitlab-runner/config.toml"));
        text.parse().expect("TOML")
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("a file")
}

#[test]
fn a_boot_ends_ready_with_the_token_in_one_file_only() {
    let host = Host::new();
    let outcome = host.boot(&reference(), &inputs());
    assert_eq!(outcome.code, Some(0), "{}", outcome.printed);
    assert!(
        outcome.status.ends_with("state ready\n"),
        "{}",
        outcome.status
    );
    assert!(
        outcome
            .printed
            .lines()
            .any(|l| l.starts_with("nex-bootstrap: state ready"))
    );

    let runner = &host.config()["runners"][0];
    assert_eq!(runner["token"].as_str(), Some(TOKEN));
    let name = format!("nex-aws-runner-{HOSTNAME}");
    assert_eq!(runner["name"].as_str(), Some(name.as_str()));
    let file = host.path("root/etc/gitlab-runner/config.toml");
    let mode = fs::metadata(file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for text in [&outcome.printed, &outcome.calls, &outcome.status] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    let search = ["-rl", "--", TOKEN];
    let found = Command::new("grep")
        .args(search)
        .arg(host.path("root"))
        .output();
    let found = String::from_utf8(found.expect("grep").stdout).expect("text");
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[test]
fn clean_up_starts_first_and_the_runner_after_its_configuration() {
    let host = Host::new();
    let calls = host.boot(&reference(), &inputs()).calls;
    let at = |call: &str| {
        let found = calls.lines().position(|line| line.starts_with(call));
        found.unwrap_or_else(|| panic!("{call} is not in\n{calls}"))
    };
    assert!(at("systemctl enable --now docker-cleanup.timer") < at("dnf"));
    assert!(at("aws secretsmanager get-secret-value") < at("systemctl restart gitlab-runner"));
    at("dnf install --assumeyes gitlab-runner-18.11.0 gitlab-runner-helper-images-18.11.0");

    let again = host.boot(&reference(), &inputs());
    assert_eq!(again.code, Some(0), "{}", again.printed);
    assert!(again.calls.contains("systemctl start gitlab-runner"));
    assert!(
        !again.calls.contains("systemctl restart gitlab-runner"),
        "a restart would wait for the jobs"
    );
}

#[test]
fn the_runner_works_when_an_extra_fails() {
    let host = Host::new();
    host.command("bin/dnf", "[[ $* != *cloudwatch* && $* != *rsyslog* ]]");
    let outcome = host.boot(&reference(), &inputs());
    assert_eq!(outcome.code, Some(1));
    for line in [
        "step system-log failed",
        "step log-agent failed",
        "step runner-service ok",
        "state degraded",
    ] {
        assert!(
            outcome.status.lines().any(|l| l == line),
            "{line}: {}",
            outcome.status
        );
    }
}

#[test]
fn a_secret_without_a_value_fails_after_the_time_limit() {
    let host = Host::new();
    host.command(
        "bin/aws",
        "echo 'ResourceNotFoundException: no value' >&2; exit 254",
    );
    let outcome = host.boot(&reference(), &inputs());
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.printed.contains(
            "no token in nex/gitlab-runner/registration-token after 0 s: ResourceNotFound"
        )
    );
    assert!(
        outcome.status.contains("step cleanup ok\n"),
        "{}",
        outcome.status
    );
    assert!(
        outcome.status.ends_with("state failed\n"),
        "{}",
        outcome.status
    );
    assert!(!host.path("root/etc/gitlab-runner/config.toml").exists());
}

#[test]
fn an_invalid_token_is_neither_written_nor_shown() {
    for value in [
        "hunter2\" # x",
        "None",
        "{\"token\":\"glrt-hunter2\"}",
        "hunter2\nhunter2\nhunter2",
    ] {
        let host = Host::new();
        host.command("bin/aws", &format!("printf '%s' '{value}'"));
        let outcome = host.boot(&reference(), &inputs());
        assert!(
            outcome.status.ends_with("state failed\n"),
            "{value}: {}",
            outcome.status
        );
        assert!(!outcome.printed.contains("hunter2"), "{}", outcome.printed);
        assert!(!host.path("root/etc/gitlab-runner/config.toml").exists());
    }
}

#[test]
fn hostile_values_reach_the_host_unchanged() {
    let host = Host::new();
    host.command("bin/hostname", r#"printf '%s\n' 'a&b\1"$(id)'"#);
    let (spec, inputs) = hostile();
    let outcome = host.boot(&spec, &inputs);
    assert_eq!(outcome.code, Some(0), "{}", outcome.printed);
    assert!(!Path::new("/tmp/nex-hostile").exists());

    let runner = &host.config()["runners"][0];
    let name = spec.name.replace("{hostname}", "a-b-1---id-");
    assert_eq!(runner["name"].as_str(), Some(name.as_str()));
    assert_eq!(runner["token"].as_str(), Some(TOKEN));
    assert_eq!(runner["url"].as_str(), Some(inputs.gitlab_url.as_str()));
    let volumes = toml::Value::try_from(&spec.docker.volumes).expect("strings");
    assert_eq!(runner["docker"]["volumes"], volumes);
}

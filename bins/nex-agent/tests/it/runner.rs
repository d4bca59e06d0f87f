//! The set-up of a runner, with the files that nex-runner renders, real keys, and programs that log their calls.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use nex_agent::steps;
use nex_host::{
    Cause, Contents, File, Role, RunnerState, SecretTarget, SecretUse, Settings, SigningKey, State,
    Status,
};
use nex_runner::{Inputs, LogGroups, Spec};

use crate::machine::{Machine, contents, files_with, make_key, result};

pub(crate) const TOKEN: &str = "glrt-t1_x-Secret.01.abcdef012";
pub(crate) const SECRET: &str = "nex/staging/gitlab-runner/token";
pub(crate) const CONFIG: &str = "/etc/gitlab-runner/config.toml";

/// Where the files of the set-up belong.
const PATHS: [(&str, &str); 5] = [
    ("config.toml", "/etc/nex/config.toml"),
    (
        "amazon-cloudwatch-agent.json",
        "/etc/nex/amazon-cloudwatch-agent.json",
    ),
    (
        "docker-cleanup.timer",
        "/etc/systemd/system/docker-cleanup.timer",
    ),
    ("rsyslog.conf", "/etc/rsyslog.d/20-gitlab-runner.conf"),
    (
        "gitlab-runner.conf",
        "/etc/systemd/system/gitlab-runner.service.d/nex.conf",
    ),
];

/// A machine with the programs of Amazon Linux 2023. The keys at the addresses are files of the folder `keys`.
pub(crate) fn machine() -> Machine {
    let machine = Machine::new();
    for name in ["dnf", "gitlab-runner"] {
        machine.program(name, "");
    }
    machine.program("systemctl", "[[ $1 != show ]] || echo active");
    let keys = machine.path("keys");
    let copy = format!(
        "while [[ $1 != --output ]]; do shift; done\ncp '{}'/\"${{4##*/}}\" \"$2\"",
        keys.display()
    );
    machine.program("curl", &copy);
    let control = machine.root.path("/opt/aws/amazon-cloudwatch-agent/bin");
    fs::create_dir_all(&control).expect("made");
    fs::copy("/bin/true", control.join("amazon-cloudwatch-agent-ctl")).expect("copied");
    machine
}

pub(crate) fn bundle(machine: &Machine, spec: &Spec, fingerprint: &str) -> Contents {
    let inputs = Inputs {
        environment: "staging".into(),
        region: "eu-west-3".into(),
        gitlab_url: "https://gitlab.example.com".into(),
        token_secret: SECRET.into(),
        cache_bucket: "example-cache".into(),
        log_groups: LogGroups {
            runner: "/example/runner".into(),
            system: "/example/system".into(),
        },
        group_name: "example-runner".into(),
    };
    let rendered = nex_runner::files(spec, &inputs);
    let files: Vec<File> = PATHS
        .iter()
        .map(|(name, path)| machine.file(path, &rendered[name]))
        .collect();
    let mut contents = contents(files);
    contents.secrets = vec![SecretUse {
        name: SECRET.parse().expect("a name"),
        target: SecretTarget::RunnerToken,
    }];
    if let Settings::Runner(settings) = &mut contents.settings {
        settings.keys = vec![SigningKey {
            url: "https://packages.gitlab.com/gpgkey/gpg.key"
                .parse()
                .expect("a URL"),
            fingerprint: fingerprint.parse().expect("a fingerprint"),
        }];
    }
    contents
}

async fn set_up(machine: &Machine, contents: &Contents) -> Status {
    machine.converge(contents, &steps::of(Role::Runner)).await
}

fn put_token(machine: &Machine, value: &str) {
    let mut secrets = machine.cloud.secrets.lock().expect("not poisoned");
    secrets.insert(SECRET.to_owned(), value.to_owned());
}

/// The calls of programs since the last look, without those for the status.
fn calls(machine: &Machine) -> Vec<String> {
    let mut calls = machine.calls();
    calls.retain(|call| !call.starts_with("systemctl show "));
    calls
}

#[tokio::test]
async fn a_runner_is_set_up_and_its_token_is_in_one_file_only() {
    let machine = machine();
    let fingerprint = make_key(&machine, "gpg.key");
    put_token(&machine, TOKEN);
    let status = set_up(&machine, &bundle(&machine, &Spec::default(), &fingerprint)).await;
    assert_eq!(status.state(), State::Done, "{status:?}");

    assert_eq!(status.runner, Some(RunnerState::Running));

    let calls = calls(&machine);
    let checked = machine.root.path("/var/lib/nex/config.toml");
    let calls: Vec<_> = calls
        .iter()
        .filter(|call| !call.starts_with("curl "))
        .collect();
    assert_eq!(
        calls,
        [
            "systemctl daemon-reload",
            "systemctl enable --now docker-cleanup.timer",
            "dnf install --assumeyes docker",
            "systemctl enable --now docker",
            "dnf install --assumeyes rsyslog logrotate",
            "systemctl enable rsyslog logrotate.timer",
            "systemctl restart rsyslog",
            "systemctl start logrotate.timer",
            "dnf install --assumeyes amazon-cloudwatch-agent",
            "dnf install --assumeyes gitlab-runner-19.4.0 gitlab-runner-helper-images-19.4.0",
            &format!("gitlab-runner lint -c {}", checked.display()),
            "systemctl stop gitlab-runner",
            "systemctl daemon-reload",
            "systemctl enable --now gitlab-runner",
        ]
    );

    let config = machine.root.path(CONFIG);
    assert_eq!(files_with(&machine, TOKEN), [config.display().to_string()]);
    let mode = fs::metadata(&config).expect("a file").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let config: toml::Table = machine.read(CONFIG).parse().expect("TOML");
    let runner = &config["runners"][0];
    assert_eq!(runner["token"].as_str(), Some(TOKEN));
    let name = runner["name"].as_str().expect("a name");
    assert!(
        name.starts_with("nex-aws-runner-") && !name.contains('{'),
        "{name}"
    );
    let statuses = machine.cloud.statuses.lock().expect("not poisoned");
    assert!(
        statuses
            .iter()
            .all(|status| !format!("{status:?}").contains(TOKEN))
    );

    let repository = machine.read("/etc/yum.repos.d/gitlab-runner.repo");
    let key = format!("/etc/pki/rpm-gpg/nex-{fingerprint}.asc");
    assert!(
        repository.contains(&format!("\ngpgkey=file://{key}\n")),
        "{repository}"
    );
    assert!(
        machine
            .read(&key)
            .starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    );
}

#[tokio::test]
async fn a_runner_starts_when_its_token_comes_later() {
    let machine = machine();
    let fingerprint = make_key(&machine, "gpg.key");
    let contents = bundle(&machine, &Spec::default(), &fingerprint);
    let status = set_up(&machine, &contents).await;
    assert_eq!(
        result(&status, "runner-config"),
        format!("no-secret: the secret {SECRET} has no value")
    );
    assert_eq!(result(&status, "runner-service"), "waiting");
    assert!(!machine.root.path(CONFIG).exists());
    machine.calls();

    put_token(&machine, TOKEN);
    let status = set_up(&machine, &contents).await;
    assert_eq!(status.state(), State::Done);
    assert_eq!(
        calls(&machine)[1..],
        [
            "systemctl stop gitlab-runner",
            "systemctl daemon-reload",
            "systemctl enable --now gitlab-runner",
        ]
    );
}

#[tokio::test]
async fn another_key_at_the_address_is_not_trusted() {
    let machine = machine();
    let expected = make_key(&machine, "expected");
    make_key(&machine, "gpg.key");
    let contents = bundle(&machine, &Spec::default(), &expected);
    let status = set_up(&machine, &contents).await;
    assert_eq!(
        result(&status, "package-source"),
        format!(
            "{}: the key {expected} is not at https://packages.gitlab.com/gpgkey/gpg.key",
            Cause::KeyFingerprintDiffers
        )
    );
    assert_eq!(result(&status, "runner-package"), "waiting");
    assert_eq!(result(&status, "docker"), "done");
    assert!(
        !machine
            .root
            .path("/etc/yum.repos.d/gitlab-runner.repo")
            .exists()
    );

    // Several keys at one address: only the expected one is kept.
    let keys = machine.path("keys");
    let both =
        ["gpg.key", "expected"].map(|name| fs::read_to_string(keys.join(name)).expect("a key"));
    fs::write(keys.join("gpg.key"), both.concat()).expect("written");
    let status = set_up(&machine, &contents).await;
    assert_eq!(result(&status, "package-source"), "done");
    let kept = machine.read(&format!("/etc/pki/rpm-gpg/nex-{expected}.asc"));
    assert_eq!(kept.matches("BEGIN PGP").count(), 1);
    let shown = Command::new("gpg")
        .args(["--batch", "--with-colons", "--show-keys"])
        .arg(
            machine
                .root
                .path(&format!("/etc/pki/rpm-gpg/nex-{expected}.asc")),
        )
        .output()
        .expect("gpg");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(
        shown
            .lines()
            .filter(|line| line.starts_with("pub:"))
            .count(),
        1,
        "{shown}"
    );
}

#[tokio::test]
async fn a_changed_configuration_stops_no_job() {
    let machine = machine();
    let fingerprint = make_key(&machine, "gpg.key");
    put_token(&machine, TOKEN);
    set_up(&machine, &bundle(&machine, &Spec::default(), &fingerprint)).await;
    machine.calls();
    let spec = Spec {
        concurrent: 7,
        ..Spec::default()
    };
    let status = set_up(&machine, &bundle(&machine, &spec, &fingerprint)).await;
    assert_eq!(status.state(), State::Done);
    assert!(machine.read(CONFIG).contains("concurrent = 7\n"));
    let calls = calls(&machine);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].starts_with("gitlab-runner lint "), "{calls:?}");
}

#[tokio::test]
async fn a_configuration_that_gitlab_runner_refuses_is_not_installed() {
    let machine = machine();
    let fingerprint = make_key(&machine, "gpg.key");
    put_token(&machine, TOKEN);
    machine.program(
        "gitlab-runner",
        "cat \"$3\"; echo 'FATAL: unknown key: concurent' >&2; exit 1",
    );
    let status = set_up(&machine, &bundle(&machine, &Spec::default(), &fingerprint)).await;
    let result = result(&status, "runner-config");
    assert!(
        result.ends_with("FATAL: unknown key: concurent"),
        "{result}"
    );
    assert!(!machine.root.path(CONFIG).exists());
    assert!(files_with(&machine, TOKEN).is_empty());
}

#[tokio::test]
async fn a_secret_that_is_no_token_is_not_repeated() {
    let machine = machine();
    let fingerprint = make_key(&machine, "gpg.key");
    put_token(&machine, "pass\"word = 1");
    let status = set_up(&machine, &bundle(&machine, &Spec::default(), &fingerprint)).await;
    assert_eq!(
        result(&status, "runner-config"),
        format!("other: the value of the secret {SECRET} is not a runner's token")
    );
    assert!(files_with(&machine, "pass\"word").is_empty());
}

#[tokio::test]
async fn a_mirror_that_does_not_answer_at_once_is_asked_again() {
    let machine = machine();
    let fingerprint = make_key(&machine, "gpg.key");
    let once = machine.path("once");
    machine.program(
        "dnf",
        &format!(
            "[[ -e '{0}' ]] || {{ touch '{0}'; echo 'Could not resolve host' >&2; exit 1; }}",
            once.display()
        ),
    );
    let status = set_up(&machine, &bundle(&machine, &Spec::default(), &fingerprint)).await;
    assert_eq!(result(&status, "docker"), "done");
    machine.program(
        "dnf",
        "echo 'Error: Unable to find a match: docker'; exit 1",
    );
    machine.calls();
    let mut contents = bundle(&machine, &Spec::default(), &fingerprint);
    if let Settings::Runner(settings) = &mut contents.settings {
        settings.version = "99.0.0".to_owned();
    }
    let status = set_up(&machine, &contents).await;
    assert!(result(&status, "runner-package").starts_with("package-missing: "));
    let tries = machine
        .calls()
        .iter()
        .filter(|call| call.starts_with("dnf "))
        .count();
    assert_eq!(tries, 1);
}

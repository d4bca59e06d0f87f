use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use nex_gitlab::{Error, Inputs, Spec, USER_DATA_LIMIT, files, user_data};
use nex_plan::SecretRef;
use proptest::prelude::*;

use crate::support::{
    has_tool, hostile_deployment, read, reference_inputs, reference_spec, run, success, write,
};

/// The expected path of each file on the server.
const PATHS: [(&str, &str); 8] = [
    ("server.conf", "etc/nex/server.conf"),
    ("gitlab.rb", "etc/nex/gitlab.rb"),
    (
        "amazon-cloudwatch-agent.json",
        "etc/nex/amazon-cloudwatch-agent.json",
    ),
    ("nex-gitlab-backup", "usr/local/sbin/nex-gitlab-backup"),
    (
        "nex-gitlab-backup.service",
        "etc/systemd/system/nex-gitlab-backup.service",
    ),
    (
        "nex-gitlab-backup.timer",
        "etc/systemd/system/nex-gitlab-backup.timer",
    ),
    (
        "nex-gitlab-certificate.service",
        "etc/systemd/system/nex-gitlab-certificate.service",
    ),
    (
        "nex-gitlab-certificate.timer",
        "etc/systemd/system/nex-gitlab-certificate.timer",
    ),
];

/// Runs the script's step `files` in a folder and returns the variables that a shell reads from `server.conf`.
fn unpack(script: &str, root: &Path) -> BTreeMap<String, String> {
    let path = root.join("user-data");
    write(&path, script);
    success(&run(Command::new("bash").arg("-n").arg(&path)));
    success(&run(Command::new("bash")
        .arg(&path)
        .arg("files")
        .env("NEX_ROOT", root)));
    let print = r#". "$0"; for v in $(sed -nE 's/^([A-Z_]+)=.*/\1/p' "$1"); do printf '%s=%s\0' "$v" "${!v}"; done"#;
    // The names come from the reference, because a hostile value may contain a line that looks like an assignment.
    let names = root.join("names");
    write(
        &names,
        &files(&reference_spec(), &reference_inputs())["server.conf"],
    );
    let output = run(Command::new("bash")
        .args(["-euc", print])
        .arg(root.join("etc/nex/server.conf"))
        .arg(names));
    success(&output)
        .split_terminator('\0')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn settings(spec: &Spec, inputs: &Inputs) -> BTreeMap<String, String> {
    let mut prefix = inputs.backups_prefix.clone();
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    [
        ("ENVIRONMENT", inputs.environment.as_str()),
        ("REGION", &inputs.region),
        ("GITLAB_PACKAGE", "gitlab-ce=18.11.1-ce.0"),
        ("WEB_HOST", spec.hosts().web),
        ("DATABASE_HOST", &inputs.database_host),
        ("DATABASE_PORT", "5432"),
        ("DATABASE_NAME", &spec.database.name),
        ("DATABASE_USER", &spec.database.user),
        ("DATABASE_SSLMODE", "verify-full"),
        (
            "DATABASE_PASSWORD_SECRET",
            &inputs.secrets.database_password,
        ),
        ("ROOT_PASSWORD_SECRET", &inputs.secrets.root_password),
        (
            "MAIL_PASSWORD_SECRET",
            inputs.secrets.mail_password.as_deref().unwrap_or(""),
        ),
        (
            "ORIGIN_CERTIFICATE_SECRET",
            &inputs.secrets.origin_certificate,
        ),
        ("BACKUPS_BUCKET", &inputs.backups_bucket),
        ("BACKUPS_PREFIX", &prefix),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_script_writes_every_file_byte_for_byte((spec, inputs) in hostile_deployment()) {
        let dir = tempfile::tempdir().expect("a folder");
        let files = files(&spec, &inputs);
        let got = unpack(&files["user-data"], dir.path());
        for (name, path) in PATHS {
            let written = std::fs::read(dir.path().join(path)).expect("the file");
            prop_assert_eq!(&String::from_utf8_lossy(&written), &files[name], "{}", name);
        }
        prop_assert_eq!(got, settings(&spec, &inputs));

        let agent: serde_json::Value = serde_json::from_str(&files["amazon-cloudwatch-agent.json"])?;
        let list = &agent["logs"]["logs_collected"]["files"]["collect_list"];
        prop_assert_eq!(&list[0]["log_group_name"], &inputs.log_groups.rails);
        prop_assert_eq!(&list[7]["log_group_name"], &inputs.log_groups.system);
    }
}

#[test]
fn the_script_writes_exactly_the_listed_files() {
    let files = files(&reference_spec(), &reference_inputs());
    let mut names: Vec<&str> = PATHS.iter().map(|(name, _)| *name).collect();
    names.push("user-data");
    names.sort_unstable();
    assert_eq!(files.keys().copied().collect::<Vec<_>>(), names);
    assert_eq!(files["user-data"].matches("<<'EOF").count(), PATHS.len());
}

#[test]
fn the_scripts_pass_shellcheck() {
    if !has_tool("shellcheck") {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (mut spec, mut inputs) = (reference_spec(), reference_inputs());
    spec.ssh_host = "'; rm -rf \"$HOME\" `x` $(x) \\\nEOF\n".to_owned();
    inputs.environment = spec.ssh_host.clone();
    for (kind, files) in [
        ("hostile", files(&spec, &inputs)),
        ("reference", files(&reference_spec(), &reference_inputs())),
    ] {
        for name in ["user-data", "nex-gitlab-backup"] {
            let path = dir.path().join(kind).join(name);
            write(&path, &files[name]);
            success(&run(Command::new("shellcheck").arg(&path)));
        }
    }
}

#[test]
fn systemd_accepts_the_units() {
    if !has_tool("systemd-analyze") {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let files = files(&reference_spec(), &reference_inputs());
    let units = PATHS.map(|(name, _)| name).into_iter();
    let units: Vec<&str> = units
        .filter(|name| name.ends_with(".service") || name.ends_with(".timer"))
        .collect();
    assert_eq!(units.len(), 4);
    for name in &units {
        // systemd-analyze checks that the command exists on this machine.
        let unit = files[*name].replace("/usr/local/sbin/nex-gitlab-backup", "/bin/true");
        write(&dir.path().join(name), &unit);
    }
    let output = run(Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(units.iter().map(|name| dir.path().join(name))));
    success(&output);
    let warnings = String::from_utf8_lossy(&output.stderr);
    assert!(!warnings.contains("nex-gitlab"), "{warnings}");

    let at = "*-*-* 02:00:00 UTC";
    assert!(files["nex-gitlab-backup.timer"].contains(&format!("OnCalendar={at}\n")));
    success(&run(Command::new("systemd-analyze").args(["calendar", at])));
}

#[test]
fn user_data_over_the_limit_is_refused_with_the_excess() {
    let (spec, mut inputs) = (reference_spec(), reference_inputs());
    let size = user_data(&spec, &inputs).expect("it fits").len();
    assert!(
        size + 1024 < USER_DATA_LIMIT,
        "{size}: less than 1 KiB is left"
    );

    inputs.database_host = "h".repeat(USER_DATA_LIMIT);
    let error = user_data(&spec, &inputs).expect_err("it exceeds the limit");
    let Error::TooLarge { size } = error else {
        panic!("{error:?}")
    };
    let message = error.to_string();
    assert!(
        message.contains(&format!("{} more than", size - USER_DATA_LIMIT)),
        "{message}"
    );
}

#[test]
fn values_that_cannot_boot_are_refused() {
    let (spec, mut inputs) = (reference_spec(), reference_inputs());
    inputs.secrets.mail_password = None;
    assert_eq!(user_data(&spec, &inputs), Err(Error::MailPasswordMissing));

    let mut inputs = reference_inputs();
    inputs.backups_bucket.push('\0');
    assert_eq!(user_data(&spec, &inputs), Err(Error::Nul));
}

#[test]
fn no_file_contains_the_operators_secret_references() {
    let (spec, inputs) = (reference_spec(), reference_inputs());
    let mut other = spec.clone();
    other.admin_token = Some(SecretRef::Env("ADMIN_XYZZY".into()));
    other.mail.as_mut().expect("mail").password = SecretRef::File("/xyzzy".into());
    assert_eq!(files(&spec, &inputs), files(&other, &inputs));
    for (name, file) in files(&other, &inputs) {
        assert!(!file.to_lowercase().contains("xyzzy"), "{name}");
    }
    assert!(
        !read(Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/setup/setup.sh"
        )))
        .contains("gitlab:setup")
    );
}

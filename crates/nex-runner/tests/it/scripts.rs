//! bash, shellcheck and systemd accept the user data and the units.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use nex_runner::{Error, Inputs, Spec, USER_DATA_LIMIT, files, user_data};
use proptest::prelude::*;

use crate::fixtures::{has_tool, hostile, inputs, reference, run, valid};

fn cases() -> [(Spec, Inputs); 2] {
    [(reference(), inputs()), hostile()]
}

#[test]
fn the_scripts_pass_shellcheck() {
    if !has_tool("shellcheck") {
        return;
    }
    for (spec, inputs) in cases() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "user-data",
            "docker-cleanup.sh",
            "gitlab-runner-configure.sh",
        ] {
            let file = folder.path().join(name);
            fs::write(&file, &files(&spec, &inputs)[name]).expect("written");
            // Hostile values contain `$(...)` in single quotes on purpose.
            run(Command::new("shellcheck")
                .args(["--exclude=SC2016"])
                .arg(&file));
            run(Command::new("bash").arg("-n").arg(&file));
        }
    }
}

/// The files that the script writes. Sources the script, so that no other step runs.
fn written(script: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("user-data");
    let root = folder.path().join("root");
    fs::write(&file, script).expect("written");
    run(Command::new("bash")
        .args(["-c", r#"source "$1"; write_files"#, "bash"])
        .arg(&file)
        .env("NEX_ROOT", &root));
    let listed = run(Command::new("find")
        .args([".", "-type", "f", "-printf", "%m %P\n"])
        .current_dir(&root));
    let files = listed.lines().map(|line| {
        let path = line.split_once(' ').expect("mode and path").1;
        let content = fs::read_to_string(root.join(path)).expect("a file");
        (line.to_owned(), content)
    });
    files.collect()
}

#[test]
fn the_script_writes_the_rendered_files() {
    for (spec, inputs) in cases() {
        let written = written(&user_data(&spec, &inputs).expect("user data"));
        let rendered = files(&spec, &inputs);
        let expected = [
            ("755 usr/local/sbin/docker-cleanup", "docker-cleanup.sh"),
            (
                "755 usr/local/sbin/gitlab-runner-configure",
                "gitlab-runner-configure.sh",
            ),
            (
                "644 etc/systemd/system/docker-cleanup.service",
                "docker-cleanup.service",
            ),
            (
                "644 etc/systemd/system/docker-cleanup.timer",
                "docker-cleanup.timer",
            ),
            (
                "644 etc/systemd/system/gitlab-runner.service.d/nex.conf",
                "gitlab-runner.conf",
            ),
            (
                "644 etc/yum.repos.d/gitlab-runner.repo",
                "gitlab-runner.repo",
            ),
            ("644 etc/rsyslog.d/20-gitlab-runner.conf", "rsyslog.conf"),
            ("644 etc/logrotate.d/gitlab-runner", "logrotate.conf"),
            (
                "644 etc/nex/amazon-cloudwatch-agent.json",
                "amazon-cloudwatch-agent.json",
            ),
            ("600 etc/nex/config.toml", "config.toml"),
        ]
        .map(|(place, name)| (place.to_owned(), rendered[name].clone()));
        assert_eq!(written, BTreeMap::from(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_value_breaks_out_of_its_file((spec, inputs) in valid()) {
        let written = written(&user_data(&spec, &inputs).expect("user data"));
        let rendered = files(&spec, &inputs);
        prop_assert_eq!(written.len(), rendered.len() - 1);
        prop_assert_eq!(&written["600 etc/nex/config.toml"], &rendered["config.toml"]);
        let agent = &written["644 etc/nex/amazon-cloudwatch-agent.json"];
        let agent: serde_json::Value = serde_json::from_str(agent).expect("JSON");
        let first = &agent["logs"]["logs_collected"]["files"]["collect_list"][0];
        prop_assert_eq!(&first["log_group_name"], &inputs.log_groups.runner);
    }
}

#[test]
fn user_data_over_the_limit_is_refused() {
    let mut spec = reference();
    let fitting = user_data(&spec, &inputs()).expect("below the limit");
    let room = USER_DATA_LIMIT - fitting.len();
    assert!(room > 3000, "{room} bytes are left for larger values");

    let long = format!("/{}", "x".repeat(4000));
    let volumes = &mut spec.docker.volumes;
    volumes.extend(vec![long; room / 4000 + 1]);
    let Err(Error::TooLarge { size }) = user_data(&spec, &inputs()) else {
        panic!("the user data exceeds the limit");
    };
    assert!(size > USER_DATA_LIMIT);
    spec.docker.volumes = vec!["no path".to_owned()];
    let error = user_data(&spec, &inputs()).expect_err("a wrong spec");
    assert!(error.to_string().contains("docker.volumes[0]"), "{error}");
}

#[test]
fn systemd_accepts_the_units() {
    if !has_tool("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let rendered = files(&reference(), &inputs());
    let put = |name: &str, content: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, content).expect("written");
    };
    let service =
        rendered["docker-cleanup.service"].replace("/usr/local/sbin/docker-cleanup", "/bin/true");
    put("docker-cleanup.service", &service);
    put("docker-cleanup.timer", &rendered["docker-cleanup.timer"]);
    // The part of the package's unit that matters to the drop-in.
    put(
        "gitlab-runner.service",
        "[Service]\nExecStart=/bin/true\nRestart=always\nRestartSec=120\n",
    );
    put(
        "gitlab-runner.service.d/nex.conf",
        &rendered["gitlab-runner.conf"],
    );
    for unit in [
        "docker-cleanup.service",
        "docker-cleanup.timer",
        "gitlab-runner.service",
    ] {
        let printed = run(Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .arg(folder.path().join(unit))
            .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display())));
        assert!(
            !printed.contains(&*folder.path().to_string_lossy()),
            "{printed}"
        );
    }
}

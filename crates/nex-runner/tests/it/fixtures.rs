//! The reference deployment, hostile values, and helpers that run other tools.

use std::io::Write as _;
use std::process::Command;

use nex_runner::{Docker, HostSize, Inputs, LogGroups, PullPolicy, Spec};
use proptest::prelude::*;

/// The size of a t3a.large.
pub(crate) const HOST: HostSize = HostSize {
    vcpus: 2,
    memory_mib: 8192,
};

pub(crate) fn reference() -> Spec {
    let text = r#"
        concurrent = 2
        check_interval = 0
        shutdown_timeout = 0
        session_timeout = 1800
        name = "nex-aws-runner-{hostname}"

        [docker]
        image = "node:20-alpine"
        privileged = true
        pull_policy = ["if-not-present"]
        volumes = ["/cache", "/var/run/docker.sock:/var/run/docker.sock"]
        memory = "6g"
        cpus = "1.5"
    "#;
    toml::from_str(text).expect("the reference's section")
}

pub(crate) fn inputs() -> Inputs {
    Inputs {
        environment: "staging".into(),
        region: "eu-west-3".into(),
        gitlab_url: "https://gitlab.paywithnex.com".into(),
        token_secret: "nex/gitlab-runner/registration-token".into(),
        cache_bucket: "nex-staging-gitlab-runner-cache".into(),
        log_groups: LogGroups {
            runner: "/nex/gitlab-runner/runner".into(),
            system: "/nex/gitlab-runner/system".into(),
        },
        group_name: "nex-staging-gitlab-runner".into(),
    }
}

/// Values that try to break out of TOML, JSON, a here-document and a bash word.
pub(crate) fn hostile() -> (Spec, Inputs) {
    let nasty = r#"'"\"'''"""$(touch /tmp/nex-hostile)`id`${HOME}&\1 END_OF_FILE # é {token} @KEEP@ @FILES@"#;
    let spec = Spec {
        name: format!("{nasty}{{hostname}}"),
        docker: Docker {
            image: "\"'\\$(id)`id`".into(),
            volumes: vec![format!("/{nasty}"), "token = \"{token}\":/x".into()],
            ..Docker::default()
        },
        ..Spec::default()
    };
    let inputs = Inputs {
        environment: nasty.into(),
        region: nasty.into(),
        gitlab_url: "https://x/'\"$(id)`id`\\".into(),
        token_secret: nasty.into(),
        cache_bucket: nasty.into(),
        log_groups: LogGroups {
            runner: nasty.into(),
            system: nasty.into(),
        },
        group_name: nasty.into(),
    };
    (spec, inputs)
}

/// Unusual specs and inputs without problems.
pub(crate) fn valid() -> impl Strategy<Value = (Spec, Inputs)> {
    let docker = (
        "[!-~&&[^:]]{1,20}",
        any::<bool>(),
        proptest::sample::subsequence(
            vec![
                PullPolicy::Always,
                PullPolicy::IfNotPresent,
                PullPolicy::Never,
            ],
            1..=3,
        ),
        proptest::collection::vec("/[^\\p{Cc}:]{0,12}(:/[ -~&&[^:]]{1,12})?", 0..4),
        (6u32..100_000, 1u32..64),
    );
    let spec = (
        (1u32..100, 0u32..100, 0u32..100, 1u32..9999),
        proptest::option::of(1u32..9999),
        "\\PC{1,30}(\\{hostname\\})?",
        docker,
    );
    let text = "\\PC{1,30}";
    let inputs = (text, text, "https://[!-~]{1,20}", text, text, (text, text));
    (spec, inputs)
        .prop_map(|(spec, inputs)| (spec_from(spec), inputs_from(inputs)))
        .prop_filter("the values have no problems", |(spec, inputs)| {
            spec.validate().is_empty() && inputs.validate().is_empty()
        })
}

type DockerParts = (String, bool, Vec<PullPolicy>, Vec<String>, (u32, u32));
type SpecParts = ((u32, u32, u32, u32), Option<u32>, String, DockerParts);
type InputParts = (String, String, String, String, String, (String, String));

fn spec_from(((concurrent, check, shutdown, stop), session, name, docker): SpecParts) -> Spec {
    let (image, privileged, pull_policy, volumes, (memory, cpus)) = docker;
    Spec {
        concurrent,
        check_interval: check,
        shutdown_timeout: shutdown,
        stop_timeout: stop,
        session_timeout: session,
        name,
        listen_address: session.map(|_| ":9252".to_owned()),
        docker: Docker {
            image,
            privileged,
            pull_policy,
            volumes,
            memory: format!("{memory}m"),
            cpus: cpus.to_string(),
            service_memory: privileged.then(|| "512m".to_owned()),
            service_cpus: privileged.then(|| "0.5".to_owned()),
        },
        ..Spec::default()
    }
}

fn inputs_from(parts: InputParts) -> Inputs {
    let (environment, region, gitlab_url, token_secret, cache_bucket, (runner, system)) = parts;
    Inputs {
        group_name: environment.clone(),
        environment,
        region,
        gitlab_url,
        token_secret,
        cache_bucket,
        log_groups: LogGroups { runner, system },
    }
}

/// Whether `tool` is installed. If not, the calling test skips itself. This function then prints the reason to the real
/// standard error, which libtest does not capture, and panics in CI, where no test may be skipped.
pub(crate) fn has_tool(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    if !installed {
        let ci = std::env::var("CI").as_deref() == Ok("true");
        assert!(!ci, "{tool} is not installed, and CI skips no test");
        let test = std::thread::current();
        let test = test.name().unwrap_or_default();
        // A failed write to standard error must not fail the test.
        let _ = writeln!(std::io::stderr(), "skipped {test}: {tool} is not installed");
    }
    installed
}

/// Runs a command and returns its output. Panics if the command fails.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{command:?}: {printed}");
    printed
}

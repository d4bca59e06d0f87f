//! Renders a `config.toml` from a TOML section on standard input:
//! `cargo run -p nex-runner --example render < runner.toml`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::Read as _;

use nex_runner::{HostSize, Inputs, LogGroups, Spec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let spec: Spec = toml::from_str(&text)?;

    spec.validate().into_result()?;
    let host = HostSize {
        vcpus: 2,
        memory_mib: 8192,
    };
    for finding in spec.warnings(host) {
        eprintln!(
            "{} {}: {}",
            finding.severity, finding.subject, finding.message
        );
    }

    let inputs = Inputs {
        environment: "example".into(),
        region: "eu-west-3".into(),
        gitlab_url: "https://gitlab.example.com".into(),
        token_secret: "example/runner-token".into(),
        cache_bucket: "example-runner-cache".into(),
        log_groups: LogGroups {
            runner: "/example/runner".into(),
            system: "/example/system".into(),
        },
        group_name: "example-runner".into(),
    };
    print!("{}", nex_runner::files(&spec, &inputs)["config.toml"]);
    Ok(())
}

//! `cargo xtask ci`: all checks of CI, the fastest first.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::cargo::{Features, cargo, root, run};
use crate::launch::Profile;
use crate::{launch, layers, scripts};

type Step = fn() -> anyhow::Result<()>;

/// The checks in order. The tests come last, because their summary is the most useful last output.
const STEPS: [(&str, Step); 8] = [
    ("format", || run(&mut cargo(["fmt", "--all", "--check"]))),
    ("layers", layers::run),
    ("shellcheck", || {
        scripts::shellcheck(&[root().join(".ci/run")])
    }),
    ("clippy", clippy),
    ("alone", alone),
    ("rendered", || {
        scripts::check(&launch::build(Profile::Dev)?.nex)
    }),
    ("doc", doc),
    ("test", || run(&mut cargo(["test", "--workspace"]))),
];

/// Runs all checks, stops at the first failure, and prints how long each check took.
pub(crate) fn run_all() -> anyhow::Result<()> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, step) in STEPS {
        println!("== {name}");
        let step_start = Instant::now();
        step().context(name)?;
        let time = seconds(step_start.elapsed());
        println!("== {name}: passed in {time}");
        times.push(format!("{name} {time}"));
    }
    println!(
        "== all checks passed in {}: {}",
        seconds(start.elapsed()),
        times.join(", ")
    );
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn clippy() -> anyhow::Result<()> {
    run(cargo(["clippy", "--workspace", "--all-targets"]).args(["--", "-D", "warnings"]))
}

/// Checks each library crate above `nex-plan` alone and with fewer features, as other programs use it.
fn alone() -> anyhow::Result<()> {
    for (name, features) in alone_builds() {
        let mut command = cargo(["clippy", "--package", name]);
        command.args(features.args());
        run(command.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

fn alone_builds() -> Vec<(&'static str, Features)> {
    let host = [(layers::HOST_CRATE, Features::None)];
    let bare = layers::PROVIDER_CRATES.map(|name| (name, Features::None));
    let engines = layers::ENGINE_CRATES.map(|name| (name, Features::Engine));
    [&host[..], &bare, &engines].concat()
}

fn doc() -> anyhow::Result<()> {
    let mut command = cargo(["doc", "--workspace", "--no-deps"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_with_an_engine_are_built_with_and_without_it() {
        let builds = alone_builds();
        for name in ["nex-dns", "nex-infra"] {
            let of_crate = builds.iter().filter(|(built, _)| *built == name);
            let args: Vec<_> = of_crate.map(|(_, features)| features.args()).collect();
            let engine = ["--no-default-features", "--features", "engine"];
            assert_eq!(args, [&engine[..1], &engine]);
        }
        for name in ["nex-host", "nex-gitlab", "nex-runner"] {
            assert!(builds.contains(&(name, Features::None)));
            assert!(!builds.contains(&(name, Features::Engine)));
        }
    }
}

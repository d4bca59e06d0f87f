//! `cargo xtask ci`: what CI checks, what fails fastest first.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::cargo::{cargo, root, run};
use crate::{launch, layers, scripts};

type Step = fn() -> anyhow::Result<()>;

/// The steps, in order. The tests come last: their closing lines are what one looks for.
const STEPS: [(&str, Step); 8] = [
    ("format", || run(&mut cargo(["fmt", "--all", "--check"]))),
    ("layers", layers::run),
    ("shellcheck", || {
        scripts::shellcheck(&[root().join(".ci/run")])
    }),
    ("clippy", clippy),
    ("alone", alone),
    ("rendered", || scripts::check(&launch::build(false)?.nex)),
    ("doc", doc),
    ("test", || run(&mut cargo(["test", "--workspace"]))),
];

/// Does all steps, and says how long each took; stops at the first that fails.
pub(crate) fn run_all() -> anyhow::Result<()> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, step) in STEPS {
        println!("== {name}");
        let begin = Instant::now();
        step().context(name)?;
        times.push(format!("{name} {}", seconds(begin.elapsed())));
        println!("== {name}: fine, {}", seconds(begin.elapsed()));
    }
    println!(
        "== all fine in {}: {}",
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

/// Each of the four as another program would take it: by itself, and without what talks to a cloud.
fn alone() -> anyhow::Result<()> {
    for name in layers::PROVIDER_CRATES {
        let mut command = cargo(["clippy", "--package", name, "--no-default-features"]);
        run(command.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

fn doc() -> anyhow::Result<()> {
    let mut command = cargo(["doc", "--workspace", "--no-deps"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

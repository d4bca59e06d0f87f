//! Builds the binaries and gives way to one of them.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::cargo::cargo;

/// A build that takes no longer is not worth a word.
const QUIET_FOR: Duration = Duration::from_secs(2);

/// The two binaries; `nex` looks for the sandbox's beside its own.
pub(crate) struct Binaries {
    /// The operator's command.
    pub(crate) nex: PathBuf,
    /// The sandbox's.
    pub(crate) sandbox: PathBuf,
}

/// A line of cargo's that names what was built.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// Becomes the binary `name`, with these arguments, once it is built.
pub(crate) fn exec(name: &str, args: &[OsString], release: bool) -> anyhow::Result<()> {
    let asked = std::env::var_os("NEX_RELEASE").is_some_and(|value| value == "1");
    let built = build(release || asked)?;
    let program = match name {
        "nex" => built.nex,
        _ => built.sandbox,
    };
    let failure = Command::new(&program).args(args).exec();
    Err(failure).with_context(|| format!("failed to start {}", program.display()))
}

/// Builds both. Cargo is heard only when the build fails or takes a while.
pub(crate) fn build(release: bool) -> anyhow::Result<Binaries> {
    let mut command = cargo(["build", "--package", "nex", "--package", "nex-sandbox"]);
    command
        .args(release.then_some("--release"))
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("failed to start cargo")?;
    let (said, artifacts) = match (child.stderr.take(), child.stdout.take()) {
        (Some(said), Some(artifacts)) => (lines(said), lines(artifacts)),
        _ => bail!("cargo's output cannot be read"),
    };
    let unsaid = follow(&said);
    let status = child.wait().context("failed to wait for cargo")?;
    if !status.success() {
        unsaid.iter().for_each(|line| eprintln!("{line}"));
        bail!("nex cannot be built");
    }
    let executables: Vec<PathBuf> = artifacts
        .iter()
        .filter_map(|line| serde_json::from_str::<Artifact>(&line).ok()?.executable)
        .collect();
    let find = |name: &str| {
        let found = executables.iter().find(|path| path.ends_with(name));
        let found = found.with_context(|| format!("cargo built no {name}"));
        found.cloned()
    };
    Ok(Binaries {
        nex: find("nex")?,
        sandbox: find("nex-sandbox")?,
    })
}

/// Keeps what cargo says until the build has lasted a while, and passes it on from then on.
/// Gives what was not passed on.
fn follow(said: &Receiver<String>) -> Vec<String> {
    let start = Instant::now();
    let mut kept = Vec::new();
    loop {
        match said.recv_timeout(QUIET_FOR.saturating_sub(start.elapsed())) {
            Ok(line) => kept.push(line),
            Err(RecvTimeoutError::Disconnected) => return kept,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    eprintln!("building nex (the first build takes about 5 minutes)");
    kept.iter().for_each(|line| eprintln!("{line}"));
    said.iter().for_each(|line| eprintln!("{line}"));
    Vec::new()
}

/// The lines of a pipe, read on a thread of their own so that no pipe fills up.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

//! Builds the binaries and runs one of them in place of this program.

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

/// A faster build prints nothing.
const QUIET_TIME: Duration = Duration::from_secs(2);

/// A binary of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    /// `nex`
    Nex,
    /// `nex-sandbox`
    Sandbox,
}

/// A build profile of cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// `cargo build`
    Dev,
    /// `cargo build --release`
    Release,
}

/// The paths of the built binaries.
pub(crate) struct Binaries {
    /// `nex`. It looks for the sandbox's binary in its own folder.
    pub(crate) nex: PathBuf,
    /// `nex-sandbox`
    pub(crate) sandbox: PathBuf,
}

/// A message of cargo about a built target.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// Builds the binaries and replaces this process by one of them. Returns only on failure.
pub(crate) fn exec(binary: Binary, args: &[OsString], profile: Profile) -> anyhow::Result<()> {
    let built = build(profile)?;
    let program = match binary {
        Binary::Nex => built.nex,
        Binary::Sandbox => built.sandbox,
    };
    let error = Command::new(&program).args(args).exec();
    Err(error).with_context(|| format!("failed to start {}", program.display()))
}

/// Builds both binaries. Prints the output of cargo only if the build fails or is slow.
pub(crate) fn build(profile: Profile) -> anyhow::Result<Binaries> {
    let mut command = cargo(["build", "--package", "nex", "--package", "nex-sandbox"]);
    let mut child = command
        .args((profile == Profile::Release).then_some("--release"))
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("failed to start cargo")?;
    let (stderr, artifacts) = match (child.stderr.take(), child.stdout.take()) {
        (Some(stderr), Some(stdout)) => (lines(stderr), lines(stdout)),
        _ => bail!("failed to read the output of cargo"),
    };
    let unprinted = follow(&stderr);
    let status = child.wait().context("failed to wait for cargo")?;
    if !status.success() {
        unprinted.iter().for_each(|line| eprintln!("{line}"));
        bail!("failed to build nex");
    }
    let executables: Vec<PathBuf> = artifacts
        .iter()
        .filter_map(|line| serde_json::from_str::<Artifact>(&line).ok()?.executable)
        .collect();
    let find = |name: &str| {
        executables
            .iter()
            .find(|path| path.ends_with(name))
            .cloned()
            .with_context(|| format!("cargo did not build {name}"))
    };
    Ok(Binaries {
        nex: find("nex")?,
        sandbox: find("nex-sandbox")?,
    })
}

/// Collects the lines of cargo until the build is slow, then prints these and all later lines.
/// Returns the lines that it did not print.
fn follow(stderr: &Receiver<String>) -> Vec<String> {
    let start = Instant::now();
    let mut collected = Vec::new();
    loop {
        match stderr.recv_timeout(QUIET_TIME.saturating_sub(start.elapsed())) {
            Ok(line) => collected.push(line),
            Err(RecvTimeoutError::Disconnected) => return collected,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    eprintln!("building nex (the first build takes up to 10 minutes)");
    collected.iter().for_each(|line| eprintln!("{line}"));
    stderr.iter().for_each(|line| eprintln!("{line}"));
    Vec::new()
}

/// The lines of a pipe. A separate thread reads them, so that the pipe never fills up.
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

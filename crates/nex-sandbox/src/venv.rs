//! The Python environment that moto runs in: made once for each lock, whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::error::SandboxError;

/// The pinned and hashed packages.
const LOCK: &str = include_str!("../moto/requirements.txt");

/// Whether the environment for this lock is there already.
pub(crate) fn is_made(dir: &Path) -> bool {
    path(dir).is_dir()
}

/// The Python of the environment under `dir`, which is made if it is not there.
pub(crate) fn ensure(dir: &Path) -> Result<PathBuf, SandboxError> {
    let venv = path(dir);
    let python = venv.join("bin/python");
    if venv.is_dir() {
        return Ok(python);
    }
    fs::create_dir_all(dir).map_err(SandboxError::file("make", dir))?;
    let lock_path = dir.join(".venv.lock");
    let lock = File::create(&lock_path).map_err(SandboxError::file("make", &lock_path))?;
    lock.lock()
        .map_err(SandboxError::file("lock", &lock_path))?;
    // Another process may have made it while this one waited.
    if !venv.is_dir() {
        make(dir, &venv)?;
    }
    Ok(python)
}

fn path(dir: &Path) -> PathBuf {
    let hash = hex::encode(Sha256::digest(LOCK));
    dir.join(format!("venv-{}", &hash[..12]))
}

/// Makes the environment under another name and renames it, so that a crash leaves no half one.
fn make(dir: &Path, venv: &Path) -> Result<(), SandboxError> {
    let unfinished = dir.join("venv-unfinished");
    // Whoever made it is gone: the lock is ours.
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(SandboxError::file("remove", &unfinished))?;
    }
    let python =
        std::env::var_os("NEX_SANDBOX_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    run(
        "make a Python environment (on Debian it needs the package python3-venv)",
        Command::new(python).args(["-m", "venv"]).arg(&unfinished),
    )?;
    let lock = unfinished.join("requirements.txt");
    fs::write(&lock, LOCK).map_err(SandboxError::file("write", &lock))?;
    run(
        "install moto from the package index",
        Command::new(unfinished.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            // What is never imported need not be compiled.
            .args(["--no-compile", "--no-deps", "--require-hashes", "-r"])
            .arg(&lock),
    )?;
    fs::rename(&unfinished, venv).map_err(SandboxError::file("rename", &unfinished))
}

fn run(step: &'static str, command: &mut Command) -> Result<(), SandboxError> {
    let output = command.output().map_err(|source| SandboxError::Python {
        program: command.get_program().into(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(SandboxError::Venv {
        step,
        code: output.status.code(),
        tail: tail(&String::from_utf8_lossy(&text)),
    })
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

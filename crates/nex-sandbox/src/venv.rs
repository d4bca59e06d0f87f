//! The Python environment for moto. Each version of the lock file has its own environment.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::error::SandboxError;

/// The packages with their versions and hashes.
const LOCK: &str = include_str!("../moto/requirements.txt");

/// Whether the environment is already installed.
pub(crate) fn is_installed(dir: &Path) -> bool {
    path(dir).is_dir()
}

/// Installs the environment in `dir` if necessary, and returns the path of its Python.
pub(crate) fn ensure(dir: &Path) -> Result<PathBuf, SandboxError> {
    let venv = path(dir);
    let python = venv.join("bin/python");
    if venv.is_dir() {
        return Ok(python);
    }
    fs::create_dir_all(dir).map_err(SandboxError::file("create", dir))?;
    let lock_path = dir.join(".venv.lock");
    let lock = File::create(&lock_path).map_err(SandboxError::file("create", &lock_path))?;
    lock.lock()
        .map_err(SandboxError::file("lock", &lock_path))?;
    // Another process may have installed it while this one waited for the lock.
    if !venv.is_dir() {
        install(dir, &venv)?;
    }
    Ok(python)
}

fn path(dir: &Path) -> PathBuf {
    let hash = hex::encode(Sha256::digest(LOCK));
    dir.join(format!("venv-{}", &hash[..12]))
}

/// Installs into another folder and renames it, so that a crash leaves no incomplete environment.
fn install(dir: &Path, venv: &Path) -> Result<(), SandboxError> {
    let unfinished = dir.join("venv-unfinished");
    // This process holds the lock, so the folder is left from a crash.
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(SandboxError::file("remove", &unfinished))?;
    }
    let python =
        std::env::var_os("NEX_SANDBOX_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    run(
        "create a Python environment (Debian needs the package python3-venv)",
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
            // Python compiles the few modules that moto imports when it imports them.
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

/// The last lines of a text, for an error message.
pub(crate) fn tail(text: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

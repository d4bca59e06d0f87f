//! The Python environment of the Cloudflare clients, and tools that may be missing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages with their versions and hashes.
const LOCK: &str = include_str!("requirements.txt");

/// Reports that a test is skipped because of a missing tool. In CI, this is a failure.
#[allow(
    clippy::print_stderr,
    reason = "the output of the test tells why it was skipped"
)]
pub(super) fn missing(why: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "CI must have all tools: {why}"
    );
    eprintln!("skipped: {why}");
}

/// The folder of the environment's commands, or `None` if pip cannot install the environment.
pub(super) fn bin() -> Option<PathBuf> {
    let dir = nex_sandbox::default_dir().expect("a folder");
    match environment(&dir) {
        Ok(venv) => Some(venv.join("bin")),
        Err(why) => {
            missing(&format!("failed to install the Python clients: {why}"));
            None
        }
    }
}

/// Installs into another folder and renames it, so that a crash leaves no incomplete environment.
fn environment(dir: &Path) -> Result<PathBuf, String> {
    let venv = dir.join(format!("venv-clients-{:08x}", checksum(LOCK)));
    let lock = File::create(dir.join(".clients.lock")).map_err(|why| why.to_string())?;
    lock.lock().map_err(|why| why.to_string())?;
    if venv.is_dir() {
        return Ok(venv);
    }
    let unfinished = dir.join("venv-clients-unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|why| why.to_string())?;
    }
    let python = std::env::var_os("NEX_SANDBOX_PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(python).args(["-m", "venv"]).arg(&unfinished))?;
    let requirements = unfinished.join("requirements.txt");
    fs::write(&requirements, LOCK).map_err(|why| why.to_string())?;
    run(Command::new(unfinished.join("bin/python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--no-deps", "--require-hashes", "-r"])
        .arg(&requirements))?;
    fs::rename(&unfinished, &venv).map_err(|why| why.to_string())?;
    Ok(venv)
}

/// Runs a command of octoDNS with the configuration in `folder`.
pub(super) fn octodns(bin: &Path, folder: &Path, command: &str, args: &[&str]) -> String {
    // The scripts of pip contain the path of Python before the rename, so they do not run.
    let output = Command::new(bin.join("python"))
        .args(["-m", &format!("octodns.cmds.{command}")])
        .arg("--config-file=config.yaml")
        .args(args)
        .current_dir(folder)
        .output()
        .expect("octodns");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command} {args:?}:\n{text}");
    text
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|why| why.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// FNV: another lock is another folder.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

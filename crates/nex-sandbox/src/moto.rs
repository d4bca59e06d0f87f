//! The moto process behind the gateway.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::error::SandboxError;
use crate::venv;

/// The launcher and its parts, as they are written beside the state.
const FILES: &[(&str, &str)] = &[
    ("launcher.py", include_str!("../moto/launcher.py")),
    ("dlm.py", include_str!("../moto/dlm.py")),
    ("mend_access.py", include_str!("../moto/mend_access.py")),
    ("mend_groups.py", include_str!("../moto/mend_groups.py")),
    (
        "mend_instances.py",
        include_str!("../moto/mend_instances.py"),
    ),
    ("mend_network.py", include_str!("../moto/mend_network.py")),
    ("mend_secrets.py", include_str!("../moto/mend_secrets.py")),
    ("mend_storage.py", include_str!("../moto/mend_storage.py")),
    ("mend_tags.py", include_str!("../moto/mend_tags.py")),
    (
        "mend_templates.py",
        include_str!("../moto/mend_templates.py"),
    ),
    ("refreshes.py", include_str!("../moto/refreshes.py")),
    ("seed.py", include_str!("../moto/seed.py")),
    ("tokens.py", include_str!("../moto/tokens.py")),
];

/// A running moto. It ends when this is dropped, and when this process ends in any other way:
/// it watches the pipe of its stdin, which `child` holds open.
pub(crate) struct Moto {
    child: Child,
    port: u16,
}

#[derive(Deserialize)]
struct Ready {
    port: u16,
}

impl Moto {
    /// Starts moto with `python`, its files and log in `folder`, and waits until it serves.
    pub(crate) fn start(
        python: &Path,
        folder: &Path,
        seed: bool,
        hook_seconds: f64,
    ) -> Result<Self, SandboxError> {
        let launcher = write_files(folder)?;
        let log_path = folder.join("moto.log");
        let log = File::create(&log_path).map_err(SandboxError::file("make", &log_path))?;
        let mut command = Command::new(python);
        command
            .arg(launcher)
            .args(["--hook-seconds", &hook_seconds.to_string()])
            .args((!seed).then_some("--empty"))
            // A proxy or a profile of the user's has no place in here.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PYTHONDONTWRITEBYTECODE", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().map_err(|source| SandboxError::Python {
            program: python.into(),
            source,
        })?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            // An unreadable line is an early end too: the log says why.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        match serde_json::from_str::<Ready>(&line) {
            Ok(Ready { port }) => Ok(Self { child, port }),
            Err(_) => {
                drop(Self { child, port: 0 });
                let text = fs::read_to_string(&log_path).unwrap_or_default();
                Err(SandboxError::Moto {
                    tail: venv::tail(&text),
                })
            }
        }
    }

    /// The port on 127.0.0.1 that it serves on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_files(folder: &Path) -> Result<std::path::PathBuf, SandboxError> {
    let code = folder.join("launcher");
    fs::create_dir_all(&code).map_err(SandboxError::file("make", &code))?;
    for (name, text) in FILES {
        let path = code.join(name);
        fs::write(&path, text).map_err(SandboxError::file("write", &path))?;
    }
    Ok(code.join(FILES[0].0))
}

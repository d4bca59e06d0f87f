//! The errors of a sandbox.

use std::path::PathBuf;

/// Why a sandbox could not be started, found or ended.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The folder for Python environments and sandboxes is unknown.
    #[error("{exe} is not in a target folder: set NEX_SANDBOX_DIR to a writable folder")]
    NoFolder {
        /// The running executable.
        exe: PathBuf,
    },
    /// An operation on a file, a folder or a system resource failed.
    #[error("failed to {verb} {path}")]
    File {
        /// The operation.
        verb: &'static str,
        /// The file, folder or resource.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Python did not start.
    #[error(
        "failed to start {program}: install Python 3.10 to 3.13, or set NEX_SANDBOX_PYTHON to its path"
    )]
    Python {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A step of the installation of the Python environment failed.
    #[error("failed to {step} (exit code {code:?}); the end of its output:\n{tail}")]
    Venv {
        /// The step.
        step: &'static str,
        /// The exit code of the program; `None` if a signal ended it.
        code: Option<i32>,
        /// The end of the program's output.
        tail: String,
    },
    /// moto ended before it was ready.
    #[error("moto ended before it was ready; the end of its log:\n{tail}")]
    Moto {
        /// The end of the log.
        tail: String,
    },
    /// A gateway could not listen on its port.
    #[error("failed to listen on 127.0.0.1:{port}")]
    Listen {
        /// The port; 0 stands for any free port.
        port: u16,
        /// The cause.
        source: std::io::Error,
    },
    /// The Cloudflare emulator could not create its certificate authority.
    #[error("failed to create the certificate authority of the Cloudflare emulator")]
    Authority {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// TLS could not be set up.
    #[error("failed to set up TLS")]
    Tls {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread of the sandbox did not start, or panicked.
    #[error("the sandbox's thread ended before it was ready")]
    Thread,
    /// The name is not a valid sandbox name.
    #[error(
        "`{name}` is not a valid sandbox name: use 1 to 32 characters of a-z, 0-9 and -, and do not start with - or venv-"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The background process of a sandbox did not become ready.
    #[error("sandbox `{name}` did not become ready: {why}; the end of its log:\n{tail}")]
    NotReady {
        /// The sandbox's name.
        name: String,
        /// The reason.
        why: String,
        /// The end of the log.
        tail: String,
    },
    /// The sandbox is not running.
    #[error("sandbox `{name}` is not running: start it with `nex-sandbox up --name {name}`")]
    NotUp {
        /// The sandbox's name.
        name: String,
    },
}

impl SandboxError {
    /// Adds the operation and its object to an I/O error, for `map_err`.
    pub(crate) fn file(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }
}

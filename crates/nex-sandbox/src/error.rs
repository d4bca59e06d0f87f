//! What can go wrong with a sandbox.

use std::path::PathBuf;

/// Why a sandbox could not be made, found or ended.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The folder for environments and states could not be determined.
    #[error(
        "no target folder found above {exe}: set NEX_SANDBOX_DIR to a folder that may be written"
    )]
    NoFolder {
        /// The executable that was started.
        exe: PathBuf,
    },
    /// A file or folder could not be read, written or locked.
    #[error("failed to {verb} {path}")]
    File {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Python, or a step of making its environment, could not be started.
    #[error(
        "failed to start {program}: install Python 3.10 to 3.13, or name one in NEX_SANDBOX_PYTHON"
    )]
    Python {
        /// The program.
        program: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A step of making the Python environment failed.
    #[error("failed to {step} (exit {code:?}); its last words:\n{tail}")]
    Venv {
        /// The step.
        step: &'static str,
        /// The program's exit code.
        code: Option<i32>,
        /// The end of its output.
        tail: String,
    },
    /// moto ended before it was ready.
    #[error("moto ended before it was ready; its last words:\n{tail}")]
    Moto {
        /// The end of its log.
        tail: String,
    },
    /// The gateway could not listen.
    #[error("failed to listen on 127.0.0.1:{port}")]
    Listen {
        /// The port; 0 for any.
        port: u16,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The certificate authority of the stand-in for Cloudflare could not be made.
    #[error("failed to make the certificate authority of the stand-in for Cloudflare")]
    Authority {
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread of the sandbox ended without a word.
    #[error("the sandbox's thread ended before it was ready")]
    Thread,
    /// A name that cannot be a sandbox's.
    #[error(
        "bad sandbox name `{name}`: use 1 to 32 of a-z, 0-9 and -, not starting with - or venv-"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The background process did not get ready.
    #[error("sandbox `{name}` did not get ready {why}; its last words:\n{tail}")]
    NotReady {
        /// The sandbox's name.
        name: String,
        /// In what way.
        why: String,
        /// The end of its log.
        tail: String,
    },
    /// There is no such sandbox.
    #[error("sandbox `{name}` is not up: start it with `nex-sandbox up --name {name}`")]
    NotUp {
        /// The sandbox's name.
        name: String,
    },
}

impl SandboxError {
    /// For `map_err`: an I/O error with the verb and the path that it belongs to.
    pub(crate) fn file(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }
}

//! A sandbox of a test's own, `nex` on it, and another client's view of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nex_sandbox::{Sandbox, SandboxOptions};

/// The repository's folder: `environments/staging.toml` is found from there.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A cloud and the command.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// What `--allow` must name, as the refusals say.
    pub(crate) fn allowances(&self) -> Vec<String> {
        let lines = self.out.lines();
        lines
            .filter_map(|line| line.split("--allow '").nth(1)?.strip_suffix('\''))
            .map(str::to_owned)
            .collect()
    }
}

/// `nex` without a cloud, and without what the machine's own user has set up.
pub(crate) fn nex() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nex"));
    command
        .current_dir(root())
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_ENDPOINT_URL")
        .env_remove("AWS_ENDPOINT_URL_S3")
        .env_remove("AWS_CA_BUNDLE")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

pub(crate) fn run(command: &mut Command) -> Ended {
    Ended::of(command.output().unwrap())
}

impl Stage {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime.block_on(Sandbox::start(SandboxOptions::default()));
        Self {
            sandbox: sandbox.unwrap(),
        }
    }

    /// `nex` pointed at the cloud as any SDK program is.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = nex();
        command.args(arguments).envs(self.sandbox.env());
        command
    }

    pub(crate) fn nex(&self, arguments: &[&str]) -> Ended {
        run(&mut self.command(arguments))
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Builds the environment of `file`.
    pub(crate) fn built(file: &str) -> Self {
        let stage = Self::new();
        stage.nex(&["bootstrap", file, "--yes"]).expect(0);
        stage
    }

    /// Destroys the environment of `file`: allows what a first try refuses.
    #[track_caller]
    pub(crate) fn destroy(&self, file: &str) -> Ended {
        let mut arguments = vec!["destroy", file, "--confirm", "staging"];
        let named = self.nex(&arguments).expect(5).allowances();
        arguments.extend(named.iter().flat_map(|name| ["--allow", name]));
        self.nex(&arguments).expect(0)
    }

    /// Runs Python with boto3 on the cloud: a client that others wrote.
    #[track_caller]
    pub(crate) fn python(&self, script: &str) -> String {
        let prelude = include_str!("prelude.py");
        let output = Command::new(self.sandbox.python())
            .args(["-c", &format!("{prelude}\n{script}")])
            .envs(self.sandbox.env())
            .output()
            .unwrap();
        let ended = Ended::of(output).expect(0);
        ended.out.trim().to_owned()
    }
}

/// The reference's file with its mail password where the test can give it.
pub(crate) struct Reference {
    folder: tempfile::TempDir,
}

/// What the test gives as the mail relay's password.
pub(crate) const MAIL_PASSWORD: &str = "correct-horse-battery-staple";

impl Reference {
    pub(crate) fn new() -> Self {
        Self::with(|text| text)
    }

    /// The reference with its text changed.
    pub(crate) fn with(change: impl FnOnce(String) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("mail-password");
        std::fs::write(&password, format!("{MAIL_PASSWORD}\n")).unwrap();
        let text = std::fs::read_to_string(root().join("environments/staging.toml")).unwrap();
        let reference = format!("\"file:{}\"", password.display());
        let doppler = "\"doppler:paywithnex/stg/BREVO_SMTP_PASSWORD\"";
        assert!(text.contains(doppler));
        let text = change(text.replace(doppler, &reference));
        std::fs::write(folder.path().join("staging.toml"), text).unwrap();
        Self { folder }
    }

    pub(crate) fn file(&self) -> String {
        self.path("staging.toml")
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Changes a text; the old one must be there.
#[track_caller]
pub(crate) fn replaced(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old:?} is not in the text");
    text.replace(old, new)
}

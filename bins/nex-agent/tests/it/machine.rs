//! A machine in a temporary folder, with programs that log their calls, and AWS in memory.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nex_agent::clock::Clock;
use nex_agent::cloud::{Cloud, Destination};
use nex_agent::failure::Failure;
use nex_agent::host::Host;
use nex_agent::journal::Journal;
use nex_agent::log::Log;
use nex_agent::program::Programs;
use nex_agent::report::{Reporter, STATUS_PATH};
use nex_agent::root::Root;
use nex_agent::step::{Step, converge};
use nex_host::{
    Agent, Artifact, Cause, Contents, Digest, File, InstanceArn, Mode, ObjectKey, Outcome,
    RunnerSettings, SecretName, Settings, Status, Timestamp,
};
use secrecy::SecretString;
use tempfile::TempDir;

pub(crate) const INSTANCE: &str = "arn:aws:ec2:eu-west-3:009001720821:instance/i-0123456789abcdef0";
const CLOCK: Clock = || Timestamp::from_unix(1_796_045_776);

/// A machine.
pub(crate) struct Machine {
    folder: TempDir,
    pub(crate) root: Root,
    pub(crate) programs: Programs,
    pub(crate) log: Log,
    pub(crate) cloud: FakeCloud,
    instance: InstanceArn,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        fs::create_dir(&root).expect("made");
        let bin = folder.path().join("bin");
        Self {
            root: Root::new(root),
            programs: Programs {
                path: format!("{}:/usr/bin:/bin", bin.display()).into(),
            },
            log: Log::new(
                CLOCK,
                fs::File::create(folder.path().join("log")).expect("a log"),
            ),
            cloud: FakeCloud::default(),
            instance: INSTANCE.parse().expect("an ARN"),
            folder,
        }
    }

    pub(crate) fn host<'a>(&'a self, contents: &'a Contents) -> Host<'a> {
        Host {
            root: &self.root,
            programs: &self.programs,
            cloud: &self.cloud,
            log: &self.log,
            clock: CLOCK,
            pause: Duration::from_millis(1),
            heartbeat: Duration::from_millis(200),
            instance: &self.instance,
            contents,
        }
    }

    /// Runs the steps as a new process of the agent does, and returns the last status.
    pub(crate) async fn converge(&self, contents: &Contents, steps: &[Step]) -> Status {
        let host = self.host(contents);
        let mut journal = Journal::load(&self.root).expect("a journal");
        let mut reporter = Reporter {
            root: host.root,
            programs: host.programs,
            cloud: host.cloud,
            log: host.log,
            clock: host.clock,
            instance: host.instance,
            role: contents.settings.role(),
            build: None,
            bundle: Some(Digest::of(b"bundle")),
        };
        converge(steps, &host, &mut journal, &mut reporter)
            .await
            .expect("converged");
        Status::parse(self.read(STATUS_PATH).as_bytes()).expect("a status")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Installs a program that logs its call and then runs `body` with bash.
    pub(crate) fn program(&self, name: &str, body: &str) {
        let file = self.path("bin").join(name);
        fs::create_dir_all(self.path("bin")).expect("made");
        let calls = self.path("calls");
        let script = format!(
            "#!/bin/bash\necho \"{name} $*\" >>'{}'\n{body}\n",
            calls.display()
        );
        fs::write(&file, script).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
    }

    /// The calls of programs since the last look.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.path("calls"));
        text.lines().map(str::to_owned).collect()
    }

    /// The text of a file of the machine.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.path(path)).expect("a file")
    }

    /// A bundle file owned by the user who runs the tests, so that this machine can write it.
    pub(crate) fn file(&self, path: &str, content: &str) -> File {
        File {
            path: path.parse().expect("a path"),
            mode: Mode::READABLE,
            owner: self.root.owner(),
            content: content.to_owned(),
        }
    }
}

/// The result of a step: `done`, `waiting`, or the cause of its failure with the text.
pub(crate) fn result(status: &Status, name: &str) -> String {
    let mut steps = status.steps.as_slice().iter();
    let step = steps
        .find(|step| step.name.as_str() == name)
        .expect("a step");
    match &step.outcome {
        Outcome::Waiting => "waiting".to_owned(),
        Outcome::Running { .. } => "running".to_owned(),
        Outcome::Done { .. } => "done".to_owned(),
        Outcome::Failed { reason, .. } => format!("{}: {}", reason.cause, reason.text),
    }
}

/// The files of the machine, its log included, that hold a text.
pub(crate) fn files_with(machine: &Machine, text: &str) -> Vec<String> {
    let output = Command::new("grep")
        .args(["-rlF", "--exclude-dir=bin", "--", text])
        .arg(machine.path(""))
        .output()
        .expect("grep");
    let found = String::from_utf8(output.stdout).expect("UTF-8");
    found.lines().map(str::to_owned).collect()
}

/// Makes a key pair, stores the public key as `keys/NAME`, and returns the fingerprint.
pub(crate) fn make_key(machine: &Machine, name: &str) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let gpg = |args: &[&str]| {
        let output = Command::new("gpg")
            .args(["--batch", "--quiet", "--homedir"])
            .arg(home.path())
            .args(args)
            .output()
            .expect("gpg");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let options = ["--passphrase", "", "--quick-generate-key"];
    gpg(&[&options[..], &[name, "ed25519", "sign", "never"]].concat());
    let keys = machine.path("keys");
    fs::create_dir_all(&keys).expect("made");
    fs::write(keys.join(name), gpg(&["--armor", "--export", name])).expect("written");
    let listed = gpg(&["--with-colons", "--list-keys", name]);
    let _ = Command::new("gpgconf")
        .arg("--homedir")
        .arg(home.path())
        .args(["--kill", "all"])
        .status();
    let mut lines = listed.lines();
    let line = lines.find(|line| line.starts_with("fpr:"));
    let line = line.expect("a fingerprint");
    line.trim_start_matches("fpr").trim_matches(':').to_owned()
}

/// The contents of a small runner's bundle.
pub(crate) fn contents(files: Vec<File>) -> Contents {
    Contents {
        agent: Agent {
            build: Digest::of(b"sources").into(),
            sha256: Digest::of(b"program"),
            bytes: 7,
        },
        settings: Settings::Runner(RunnerSettings {
            version: "19.4.0".to_owned(),
            repository: "https://packages.gitlab.com/runner".parse().expect("a URL"),
            keys: vec![],
        }),
        files,
        secrets: vec![],
    }
}

/// AWS in memory.
#[derive(Default)]
pub(crate) struct FakeCloud {
    pub(crate) secrets: Mutex<BTreeMap<String, String>>,
    /// The statuses in the order in which they were stored.
    pub(crate) statuses: Mutex<Vec<Status>>,
    /// The binary values of secrets, in the order in which they were stored.
    pub(crate) binaries: Mutex<Vec<(String, Vec<u8>)>>,
    pub(crate) uploads: Mutex<Uploads>,
    /// Whether storing a status fails.
    pub(crate) is_closed: Mutex<bool>,
}

/// Uploads in parts.
#[derive(Default)]
pub(crate) struct Uploads {
    /// The keys of all uploads that were begun.
    pub(crate) begun: Vec<String>,
    /// The parts by their tags.
    pub(crate) parts: BTreeMap<String, Vec<u8>>,
    /// The objects by their keys.
    pub(crate) done: BTreeMap<String, Vec<u8>>,
    /// The number of a part whose upload fails.
    pub(crate) failing_part: Option<i32>,
}

impl Cloud for FakeCloud {
    fn secret<'a>(&'a self, name: &'a SecretName) -> BoxFuture<'a, Result<SecretString, Failure>> {
        Box::pin(async move {
            let secrets = self.secrets.lock().expect("not poisoned");
            let value = secrets.get(name.as_str()).cloned();
            let missing =
                || Failure::new(Cause::NoSecret, format!("the secret {name} has no value"));
            value.map(SecretString::from).ok_or_else(missing)
        })
    }

    fn artifact<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Vec<u8>, Failure>> {
        Box::pin(async move {
            Err(Failure::new(
                Cause::Other,
                format!("no object {}", artifact.key),
            ))
        })
    }

    fn put_secret<'a>(
        &'a self,
        name: &'a SecretName,
        value: Vec<u8>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut binaries = self.binaries.lock().expect("not poisoned");
            binaries.push((name.to_string(), value));
            Ok(())
        })
    }

    fn begin_upload<'a>(&'a self, to: &'a Destination) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let mut uploads = self.uploads.lock().expect("not poisoned");
            uploads.begun.push(to.key.to_string());
            Ok(format!("upload-{}", uploads.begun.len()))
        })
    }

    fn upload_part<'a>(
        &'a self,
        _: &'a Destination,
        id: &'a str,
        number: i32,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let mut uploads = self.uploads.lock().expect("not poisoned");
            if uploads.failing_part == Some(number) {
                return Err(Failure::new(Cause::NoNetwork, "the network is down"));
            }
            uploads.parts.insert(format!("{id}/{number}"), bytes);
            Ok(format!("{id}/{number}"))
        })
    }

    fn finish_upload<'a>(
        &'a self,
        to: &'a Destination,
        _: &'a str,
        tags: &'a [String],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut uploads = self.uploads.lock().expect("not poisoned");
            let parts = tags.iter().map(|tag| uploads.parts[tag].clone());
            let content = parts.collect::<Vec<_>>().concat();
            uploads.done.insert(to.key.to_string(), content);
            Ok(())
        })
    }

    fn put_status<'a>(
        &'a self,
        key: &'a ObjectKey,
        document: Vec<u8>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            assert_eq!(key.as_str(), format!("status/{INSTANCE}.json"));
            if *self.is_closed.lock().expect("not poisoned") {
                return Err(Failure::new(Cause::AccessDenied, "the bucket is closed"));
            }
            let status = Status::parse(&document).expect("a status");
            self.statuses.lock().expect("not poisoned").push(status);
            Ok(())
        })
    }
}

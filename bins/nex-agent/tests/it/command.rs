//! The program itself, with the sandbox as AWS.

use std::fs;
use std::process::{Command, Output};

use nex_host::{
    AGENT_PATH, Agent, Artifact, BUNDLE_PATH, Bundle, Cause, Digest, HOST_FILE_PATH, HostConfig,
    Outcome, Role, Settings, State, Status, Step,
};
use nex_runner::Spec;
use nex_sandbox::{ACCOUNT, REGION, Sandbox, SandboxOptions};

use crate::machine::{INSTANCE, Machine, make_key, result};
use crate::server::{KEYS, Server};
use crate::{metadata, runner};

/// The agent on the machine. The tests start the real one.
const PROGRAM: &[u8] = b"the present agent";

/// A machine after its user data ran, with the sandbox as AWS.
struct World {
    machine: Machine,
    sandbox: Sandbox,
    metadata: String,
    /// The fingerprint of the key that signs packages.
    fingerprint: String,
}

impl World {
    /// A runner.
    async fn new() -> Self {
        let machine = runner::machine();
        let fingerprint = make_key(&machine, "gpg.key");
        let world = Self::around(machine, fingerprint).await;
        let bundle = world.bundle("first\n");
        world.install(&bundle);
        world
    }

    async fn around(machine: Machine, fingerprint: String) -> Self {
        let sandbox = Sandbox::start(SandboxOptions {
            seed: false,
            ..SandboxOptions::default()
        });
        let world = Self {
            fingerprint,
            machine,
            sandbox: sandbox.await.expect("a sandbox"),
            metadata: metadata::serve(),
        };
        world.boto(&format!(
            "for name in ('artifacts', 'status'):\n    \
             s3.create_bucket(Bucket=name + '-bucket', CreateBucketConfiguration={{'LocationConstraint': '{REGION}'}})"
        ));
        world
    }

    fn boto(&self, text: &str) -> String {
        let program = format!(
            "import boto3\nfrom botocore.config import Config\n\
             options = dict(endpoint_url='{}', region_name='{REGION}', aws_access_key_id='x', \
             aws_secret_access_key='x', config=Config(s3={{'addressing_style': 'path'}}))\n\
             s3 = boto3.client('s3', **options)\n{text}",
            self.sandbox.endpoint()
        );
        let output = Command::new(self.sandbox.python())
            .args(["-c", &program])
            .output()
            .expect("python");
        assert!(output.status.success(), "{}", text_of(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The bundle of a runner with this text in one of its files.
    fn bundle(&self, text: &str) -> Bundle {
        self.bundle_with(text, PROGRAM)
    }

    /// The same with another agent.
    fn bundle_with(&self, text: &str, program: &[u8]) -> Bundle {
        let mut contents = runner::bundle(&self.machine, &Spec::default(), &self.fingerprint);
        contents
            .files
            .push(self.machine.file("/etc/nex/text", text));
        contents.agent = Agent {
            build: Digest::of(&[b"the sources of ", program].concat()).into(),
            sha256: Digest::of(program),
            bytes: program.len() as u64,
        };
        Bundle::new(contents).expect("a bundle")
    }

    /// Gives the secret of the runner's token its value.
    fn put_token(&self) {
        self.boto(&format!(
            "boto3.client('secretsmanager', **options).create_secret(Name='{}', SecretString='{}')",
            runner::SECRET,
            runner::TOKEN
        ));
    }

    /// Leaves on the machine what user data leaves there.
    fn install(&self, bundle: &Bundle) {
        let bucket = |name: &str| {
            format!("{ACCOUNT}/{name}-bucket")
                .parse()
                .expect("a bucket")
        };
        let host = HostConfig {
            role: bundle.role(),
            region: REGION.parse().expect("a Region"),
            artifacts: bucket("artifacts"),
            status: bucket("status"),
            agent: bundle.contents().agent.artifact(),
            bundle: bundle.artifact(),
        };
        let mut host = serde_json::to_value(&host).expect("JSON");
        host["instance"] = INSTANCE.into();
        for (path, content) in [
            (HOST_FILE_PATH, host.to_string().into_bytes()),
            (BUNDLE_PATH, bundle.bytes().to_vec()),
            (AGENT_PATH, PROGRAM.to_vec()),
        ] {
            let path = self.machine.root.path(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, content).expect("written");
        }
    }

    /// Stores an object of the artifacts bucket.
    fn put(&self, artifact: &Artifact, content: &[u8]) {
        let file = self.machine.path("object");
        fs::write(&file, content).expect("written");
        self.boto(&format!(
            "s3.upload_file({:?}, 'artifacts-bucket', '{}')",
            file.display().to_string(),
            artifact.key
        ));
    }

    fn agent(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_nex-agent"))
            .arg("--root")
            .arg(self.machine.root.folder())
            .args(args)
            .env_clear()
            .env("PATH", &self.machine.programs.path)
            .env("AWS_ENDPOINT_URL", self.sandbox.endpoint())
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &self.metadata)
            .output()
            .expect("the agent")
    }

    /// The status in the bucket.
    fn status(&self) -> Status {
        let text = self.boto(&format!(
            "print(s3.get_object(Bucket='status-bucket', Key='status/{INSTANCE}.json')['Body'].read().decode())"
        ));
        Status::parse(text.trim().as_bytes()).expect("a status")
    }
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn a_host_is_set_up_changed_and_says_so() {
    let world = World::new().await;
    let output = world.agent(&["status"]);
    assert_eq!(
        text_of(&output),
        "nex-agent: no status has been written yet\n"
    );

    // The token is not there yet.
    let output = world.agent(&["setup"]);
    assert!(!output.status.success());
    assert_eq!(world.machine.read("/etc/nex/text"), "first\n");
    assert_eq!(
        world.machine.calls()[..2],
        [
            "systemctl daemon-reload",
            "systemctl enable --now nex-agent.timer"
        ]
    );
    let status = world.status();
    assert_eq!(status.state(), State::Failed);
    assert!(result(&status, "runner-config").starts_with("no-secret: "));

    world.put_token();
    let output = world.agent(&["converge"]);
    assert!(output.status.success(), "{}", text_of(&output));
    assert!(world.machine.read(runner::CONFIG).contains(runner::TOKEN));
    assert!(!text_of(&output).contains(runner::TOKEN));
    let status = world.status();
    assert_eq!((status.state(), status.role), (State::Done, Role::Runner));
    assert_eq!(status.bundle, Some(world.bundle("first\n").digest()));

    let text = text_of(&world.agent(&["status"]));
    assert!(
        text.starts_with("runner i-0123456789abcdef0: done, written at "),
        "{text}"
    );
    assert!(text.contains("\n  files            done at "), "{text}");
    let json = world.agent(&["status", "--json"]).stdout;
    assert_eq!(Status::parse(json.trim_ascii()).expect("a status"), status);

    let second = world.bundle("second\n");
    world.put(&second.artifact(), second.bytes());
    let output = world.agent(&["apply", &second.digest().to_string()]);
    assert!(output.status.success(), "{}", text_of(&output));
    assert_eq!(world.machine.read("/etc/nex/text"), "second\n");
    assert_eq!(world.status().bundle, Some(second.digest()));
    // The host keeps it, also when its user data runs again.
    for command in ["converge", "setup"] {
        let output = world.agent(&[command]);
        assert!(output.status.success(), "{}", text_of(&output));
        assert_eq!(world.machine.read("/etc/nex/text"), "second\n");
    }

    // Another user data starts afresh.
    world.install(&world.bundle("third\n"));
    world.agent(&["setup"]);
    assert_eq!(world.machine.read("/etc/nex/text"), "third\n");
}

#[tokio::test]
async fn a_bundle_that_is_missing_or_wrong_changes_nothing() {
    let world = World::new().await;
    world.put_token();
    assert!(world.agent(&["setup"]).status.success());
    let second = world.bundle("second\n");
    let digest = second.digest().to_string();

    let output = world.agent(&["apply", &digest]);
    assert!(!output.status.success());
    let text = text_of(&output);
    assert!(
        text.contains(&format!(
            "failed to fetch the object hosts/bundle/{digest}.json"
        )),
        "{text}"
    );

    world.put(&second.artifact(), world.bundle("other\n").bytes());
    let output = world.agent(&["apply", &digest]);
    let text = text_of(&output);
    assert!(
        text.contains(&format!("does not have the SHA-256 {digest}")),
        "{text}"
    );

    let newer = br#"{"format":2}"#;
    let unknown = Digest::of(newer);
    world.put(&Artifact::of_bundle(unknown, 12), newer);
    let output = world.agent(&["apply", &unknown.to_string()]);
    let text = text_of(&output);
    assert!(text.contains("the bundle has the format 2"), "{text}");

    // The host works on with its older bundle, and says what became of the newer one.
    let _ = world.agent(&["converge"]);
    assert_eq!(world.machine.read("/etc/nex/text"), "first\n");
    let status = world.status();
    assert_eq!(status.bundle, Some(world.bundle("first\n").digest()));
    assert_eq!(status.state(), State::Failed);
    assert_eq!(refusal(&status), Some(Cause::BundleRefused));
    world.put(&second.artifact(), second.bytes());
    assert!(world.agent(&["apply", &digest]).status.success());
    assert_eq!(world.status().state(), State::Done);
}

/// The cause with which the bundle was refused.
fn refusal(status: &Status) -> Option<Cause> {
    match &status.steps.as_slice()[0] {
        Step {
            name,
            outcome: Outcome::Failed { reason, .. },
        } if name.as_str() == "bundle" => Some(reason.cause),
        _ => None,
    }
}

#[tokio::test]
async fn a_bundle_brings_its_agent_and_a_broken_agent_goes_again() {
    let world = World::new().await;
    world.put_token();
    assert!(world.agent(&["setup"]).status.success());
    let agent = || fs::read(world.machine.root.path(AGENT_PATH)).expect("a file");
    let apply = |bundle: &Bundle, program: &[u8]| {
        world.put(&bundle.contents().agent.artifact(), program);
        world.put(&bundle.artifact(), bundle.bytes());
        world.agent(&["apply", &bundle.digest().to_string()])
    };

    for broken in ["#!/bin/sh\nexit 0\n", "no program"] {
        let bundle = world.bundle_with("second\n", broken.as_bytes());
        let output = apply(&bundle, broken.as_bytes());
        assert!(!output.status.success());
        assert_eq!(agent(), PROGRAM);
        assert_eq!(world.machine.read("/etc/nex/text"), "first\n");
        let status = world.status();
        assert_eq!(
            refusal(&status),
            Some(Cause::HealthCheckFailed),
            "{status:?}"
        );
        assert_eq!(status.bundle, Some(world.bundle("first\n").digest()));
    }

    let newer = format!(
        "#!/bin/sh\nexec '{}' \"$@\"\n",
        env!("CARGO_BIN_EXE_nex-agent")
    );
    let bundle = world.bundle_with("second\n", newer.as_bytes());
    let output = apply(&bundle, newer.as_bytes());
    assert!(output.status.success(), "{}", text_of(&output));
    assert_eq!(agent(), newer.as_bytes());
    assert_eq!(world.machine.read("/etc/nex/text"), "second\n");
    assert_eq!(world.status().state(), State::Done);
}

#[tokio::test]
async fn a_damaged_bundle_is_in_the_status() {
    let world = World::new().await;
    fs::write(world.machine.root.path(BUNDLE_PATH), "{}").expect("written");
    let output = world.agent(&["setup"]);
    assert!(!output.status.success());
    let status = world.status();
    assert_eq!(status.bundle, None);
    assert_eq!(refusal(&status), Some(Cause::HashMismatch));
}

#[tokio::test]
async fn a_machine_that_nex_did_not_install_is_left_alone() {
    let world = World::new().await;
    fs::remove_file(world.machine.root.path(HOST_FILE_PATH)).expect("removed");
    let output = world.agent(&["setup"]);
    assert!(!output.status.success());
    assert_eq!(
        text_of(&output),
        "nex-agent: there is no /etc/nex/host.json: this host was not installed by nex\n"
    );
    assert!(world.machine.calls().is_empty());
}

#[tokio::test]
async fn a_backup_reaches_the_bucket_in_parts_and_the_keys_reach_their_secret() {
    let content: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut server = Server::with_archive(&content);
    if let Settings::Server(settings) = &mut server.contents.settings {
        settings.backups.bucket = format!("{ACCOUNT}/artifacts-bucket")
            .parse()
            .expect("a bucket");
    }
    let bundle = Bundle::new(server.contents).expect("a bundle");
    let world = World::around(server.machine, String::new()).await;
    world.install(&bundle);
    world.boto(&format!(
        "boto3.client('secretsmanager', **options).create_secret(Name='{KEYS}')"
    ));
    let output = world.agent(&["backup"]);
    assert!(output.status.success(), "{}", text_of(&output));
    let stored = world.boto(&format!(
        "import hashlib\n\
         body = s3.get_object(Bucket='artifacts-bucket', Key='gitlab/1796045776_0_gitlab_backup.tar')['Body'].read()\n\
         keys = boto3.client('secretsmanager', **options).get_secret_value(SecretId='{KEYS}')['SecretBinary']\n\
         print(hashlib.sha256(body).hexdigest(), b'gitlab-secrets.json' in keys)"
    ));
    assert_eq!(stored.trim(), format!("{} True", Digest::of(&content)));
    let parts = world.sandbox.calls();
    let parts = parts.iter().filter(|call| call.operation == "UploadPart");
    assert_eq!(parts.count(), 2);
}

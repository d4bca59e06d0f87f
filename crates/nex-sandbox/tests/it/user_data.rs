//! The user data of hosts, run by real Python against S3 that checks signatures and permissions.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nex_host::{
    AGENT_PATH, Artifact, BUNDLE_PATH, Bucket, Cause, Digest, HOST_FILE_PATH, HostConfig,
    InstanceArn, Outcome, Role, Status, user_data,
};
use nex_sandbox::{ACCOUNT, REGION, Sandbox};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::start;

const ARTIFACTS: &str = "host-artifacts";
const STATUS: &str = "host-status";
const INSTANCE: &str = "i-0123456789abcdef0";
const BUNDLE: &str = r#"{"format":1}"#;

/// A machine at its first boot, with AWS around it.
struct Host {
    sandbox: Sandbox,
    /// The keys of an administrator.
    operator: String,
    folder: TempDir,
    /// What stands where the machine expects AWS, and its ports.
    front: Child,
    ports: String,
}

impl Drop for Host {
    fn drop(&mut self) {
        // Both fail if the process has already ended.
        let _ = self.front.kill();
        let _ = self.front.wait();
    }
}

impl Host {
    async fn new() -> Self {
        let sandbox = start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        certificates(folder.path());
        fs::write(
            path("sitecustomize.py"),
            include_str!("user_data/sitecustomize.py"),
        )
        .expect("written");
        let mut front = Command::new(sandbox.python())
            .args(["-c", include_str!("user_data/front.py"), sandbox.endpoint()])
            .args([path("server.pem"), folder.path().to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let mut ports = String::new();
        let stdout = front.stdout.take().expect("stdout");
        BufReader::new(stdout)
            .read_line(&mut ports)
            .expect("a line");
        let printed = boto(&sandbox, include_str!("user_data/prepare.py"), "");
        let (operator, role) = printed.split_once('\n').expect("two lines");
        let host = Self {
            sandbox,
            operator: operator.to_owned(),
            folder,
            front,
            ports,
        };
        host.identity(INSTANCE);
        fs::write(host.path("role.json"), role).expect("written");
        host.put("agent", &host.agent());
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path of the machine, below its root.
    fn file(&self, path: &str) -> PathBuf {
        self.path(&format!("root{path}"))
    }

    /// What the metadata service says about the machine.
    fn identity(&self, instance: &str) {
        let identity =
            format!(r#"{{"region":"{REGION}","accountId":"{ACCOUNT}","instanceId":"{instance}"}}"#);
        fs::write(self.path("identity.json"), identity).expect("written");
    }

    /// An agent that writes down its arguments.
    fn agent(&self) -> String {
        format!(
            "#!/bin/sh\necho \"$@\" >>'{}'\n",
            self.path("ran").display()
        )
    }

    /// The arguments of each run of the agent.
    fn ran(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("ran")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn config(&self) -> HostConfig {
        let bucket = |name: &str| Bucket {
            name: name.parse().expect("a name"),
            account: ACCOUNT.parse().expect("an account"),
        };
        let artifact = |name: &str, content: &str| Artifact {
            key: key(name).parse().expect("a key"),
            sha256: Digest::of(content.as_bytes()),
            bytes: content.len() as u64,
        };
        HostConfig {
            role: Role::Runner,
            region: REGION.parse().expect("a Region"),
            artifacts: bucket(ARTIFACTS),
            status: bucket(STATUS),
            agent: artifact("agent", &self.agent()),
            bundle: artifact("bundle", BUNDLE),
        }
    }

    /// Starts the user data as cloud-init does.
    fn boot(&self, config: &HostConfig) -> Boot {
        let mut script = user_data(config).expect("user data");
        for path in [AGENT_PATH, BUNDLE_PATH, HOST_FILE_PATH] {
            let file = self.file(path);
            script = script.replacen(path, file.to_str().expect("UTF-8"), 1);
        }
        let file = self.path("user-data");
        fs::write(&file, script).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).expect("set");
        let log = self.path("log");
        let child = Command::new(&file)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PYTHONPATH", self.folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SSL_CERT_FILE", self.path("ca.pem"))
            .env("FRONT", &self.ports)
            .stdout(fs::File::create(&log).expect("a file"))
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the script");
        Boot { child, log }
    }

    /// Runs a script as an operator, and returns what it prints.
    fn operator(&self, text: &str) -> String {
        let text = format!("{}\n{text}", include_str!("user_data/operator.py"));
        boto(&self.sandbox, &text, &self.operator)
    }

    /// Stores an object of the artifacts bucket.
    fn put(&self, name: &str, content: &str) {
        let (key, content) = (literal(&key(name)), literal(content));
        self.operator(&format!(
            "client('s3').put_object(Bucket='{ARTIFACTS}', Key={key}, Body={content}.encode())"
        ));
    }

    /// Lets the host read the artifacts.
    fn allow_artifacts(&self) {
        self.operator(&format!(
            "document = {{'Version': '2012-10-17', 'Statement': [{{'Effect': 'Allow', 'Action': 's3:GetObject', \
             'Resource': 'arn:aws:s3:::{ARTIFACTS}/hosts/*'}}]}}\n\
             client('iam').put_role_policy(RoleName='host', PolicyName='artifacts', PolicyDocument=json.dumps(document))"
        ));
    }

    /// Waits for a status with this cause, and returns the text of the reason.
    fn wait_for(&self, cause: Cause) -> String {
        let key = arn().status_key();
        let read = format!(
            "try:\n    print(client('s3').get_object(Bucket='{STATUS}', Key='{key}')['Body'].read().decode())\n\
             except ClientError:\n    pass"
        );
        let mut last = String::new();
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            last = self.operator(&read);
            if last.trim().is_empty() {
                continue;
            }
            let status = Status::parse(last.trim().as_bytes()).expect("a status");
            assert_eq!((status.role, &status.instance), (Role::Runner, &arn()));
            let [step] = status.steps.as_slice() else {
                panic!("{last}");
            };
            let Outcome::Failed { reason, .. } = &step.outcome else {
                panic!("{last}");
            };
            if reason.cause == cause {
                return reason.text.to_string();
            }
        }
        panic!("no status with the cause {cause}; the last one: {last}");
    }

    /// The calls of S3's objects so far.
    fn calls(&self) -> Vec<String> {
        let calls = self.sandbox.calls().into_iter();
        let calls = calls.map(|one| one.operation);
        calls.filter(|one| one.ends_with("Object")).collect()
    }
}

/// A run of the user data. It is killed when it is dropped, because it tries until it succeeds.
struct Boot {
    child: Child,
    log: PathBuf,
}

impl Boot {
    /// Waits until the script became the agent and the agent ended.
    fn end(&mut self) {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("a process") {
                assert!(status.success(), "{}", self.log());
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the agent was not started: {}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a file")
    }

    /// Waits until the script has printed this.
    fn wait_for(&self, text: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.log().contains(text) {
            assert!(Instant::now() < end, "no `{text}` in {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Boot {
    fn drop(&mut self) {
        // Both fail if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn arn() -> InstanceArn {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{INSTANCE}")
        .parse()
        .expect("an ARN")
}

/// Runs a script with boto3 after the prelude, and returns what it prints.
fn boto(sandbox: &Sandbox, text: &str, argument: &str) -> String {
    let program = format!("{}\n{text}", include_str!("scripts/prelude.py"));
    let output = Command::new(sandbox.python())
        .args(["-c", &program, sandbox.endpoint(), argument])
        .envs(sandbox.env())
        .output()
        .expect("python");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A key with characters that S3's signature encodes.
fn key(name: &str) -> String {
    format!("hosts/{name}/a b+ü=(1)~'.json")
}

fn literal(text: &str) -> String {
    serde_json::to_string(text).expect("JSON")
}

/// Writes a root certificate, and a certificate of S3 with its key.
fn certificates(folder: &Path) {
    let key = KeyPair::generate().expect("a key");
    let mut root = CertificateParams::new(vec![]).expect("parameters");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Without a name of its own, the other certificate would look self-signed.
    root.distinguished_name.push(DnType::CommonName, "root");
    fs::write(
        folder.join("ca.pem"),
        root.self_signed(&key).expect("signed").pem(),
    )
    .expect("written");
    let root = Issuer::new(root, key);
    let key = KeyPair::generate().expect("a key");
    let names = vec![format!("s3.{REGION}.amazonaws.com")];
    let server = CertificateParams::new(names).expect("parameters");
    let server = server.signed_by(&key, &root).expect("signed");
    let pem = format!("{}{}", server.pem(), key.serialize_pem());
    fs::write(folder.join("server.pem"), pem).expect("written");
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("a file").permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_host_installs_what_it_was_told_and_a_second_run_fetches_nothing() {
    let host = Host::new().await;
    host.put("bundle", BUNDLE);
    host.allow_artifacts();
    host.sandbox.reset_calls();
    let config = host.config();
    host.boot(&config).end();
    assert_eq!(host.ran(), ["setup"]);
    assert_eq!(host.calls(), ["GetObject", "GetObject"]);

    let agent = host.file(AGENT_PATH);
    assert_eq!(fs::read_to_string(&agent).expect("a file"), host.agent());
    assert_eq!(mode(&agent), 0o755);
    let bundle = host.file(BUNDLE_PATH);
    assert_eq!(fs::read_to_string(&bundle).expect("a file"), BUNDLE);
    assert_eq!(mode(&bundle), 0o600);
    let kept = fs::read(host.file(HOST_FILE_PATH)).expect("a file");
    assert_eq!(
        serde_json::from_slice::<HostConfig>(&kept).expect("JSON"),
        config
    );
    let kept: serde_json::Value = serde_json::from_slice(&kept).expect("JSON");
    assert_eq!(kept["instance"], arn().as_str());

    // The agent has replaced itself in the meantime: it stays.
    let newer = format!("{}# newer\n", host.agent());
    fs::write(&agent, &newer).expect("written");
    host.boot(&config).end();
    assert_eq!(host.ran(), ["setup", "setup"]);
    assert_eq!(host.calls().len(), 2);
    assert_eq!(fs::read_to_string(&agent).expect("a file"), newer);

    // The files came with an image of another machine.
    host.identity("i-0fedcba9876543210");
    host.boot(&config).end();
    assert_eq!(host.calls().len(), 4);
    assert_eq!(fs::read_to_string(&agent).expect("a file"), host.agent());
}

#[tokio::test]
async fn a_failure_is_in_the_status_and_the_host_heals() {
    let host = Host::new().await;
    let mut boot = host.boot(&host.config());
    let text = host.wait_for(Cause::AccessDenied);
    assert!(
        text.contains(ARTIFACTS) && text.ends_with("AccessDenied"),
        "{text}"
    );
    host.put("bundle", r#"{"format":2}"#);
    host.allow_artifacts();
    let text = host.wait_for(Cause::HashMismatch);
    assert!(text.contains("hosts/bundle"), "{text}");
    assert!(!host.file(BUNDLE_PATH).exists() && !host.file(HOST_FILE_PATH).exists());
    assert!(host.ran().is_empty());
    host.put("bundle", BUNDLE);
    boot.end();
    assert_eq!(host.ran(), ["setup"]);
}

#[tokio::test]
async fn a_bucket_of_another_account_is_refused() {
    let host = Host::new().await;
    host.put("bundle", BUNDLE);
    host.allow_artifacts();
    let mut config = host.config();
    config.artifacts.account = "111111111111".parse().expect("an account");
    let _boot = host.boot(&config);
    host.wait_for(Cause::AccessDenied);
    assert!(host.ran().is_empty());
}

#[tokio::test]
async fn a_host_can_not_write_the_status_of_another_one() {
    let host = Host::new().await;
    host.identity("i-0fedcba9876543210");
    let boot = host.boot(&host.config());
    boot.wait_for("nex: no status: https://s3.eu-west-3.amazonaws.com/host-status/status/");
    assert!(
        boot.log()
            .contains("i-0fedcba9876543210.json: AccessDenied"),
        "{}",
        boot.log()
    );
}

//! The set-up of the GitLab server, with the files that nex-gitlab renders, real keys and certificates, and programs
//! that log their calls.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use nex_agent::steps;
use nex_gitlab::{Inputs, Secrets, Spec};
use nex_host::{
    BackupSettings, Contents, DatabaseSettings, Mode, PackageSource, Role, SecretTarget, SecretUse,
    ServerPackages, ServerSettings, Settings, SigningKey, SslMode, State, Status,
};

use crate::machine::{Machine, contents, files_with, make_key, result};

const CERTIFICATE: &str = "nex/certificate";
const DATABASE: &str = "nex/database";
const PASSWORD: &str = "s3cret-database-$(exit 1)";
const RB: &str = "/etc/gitlab/gitlab.rb";
const CONTROL: &str = "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl";

/// A new Ubuntu machine with all secrets, and the bundle of a server.
struct Server {
    machine: Machine,
    contents: Contents,
}

/// A certificate with its key, as the secret holds it.
struct Issued {
    certificate: String,
    key: String,
}

impl Issued {
    fn new() -> Self {
        let names = vec!["gitlab.example.com".to_owned()];
        let issued = rcgen::generate_simple_self_signed(names).expect("a certificate");
        Self {
            certificate: issued.cert.pem(),
            key: issued.signing_key.serialize_pem(),
        }
    }

    fn secret(&self) -> String {
        serde_json::json!({"certificate": self.certificate, "key": self.key}).to_string()
    }
}

impl Server {
    fn new() -> Self {
        let machine = Machine::new();
        let root = machine.root.folder().display().to_string();
        for name in ["apt-get", "apt-mark", "sshd", "systemctl", "gpgv"] {
            machine.program(name, "");
        }
        let control = machine.root.path(CONTROL);
        machine.program(
            "dpkg",
            &format!(
                "[[ $1 != --print-architecture ]] || echo amd64\n\
                 [[ $1 != -i ]] || {{ mkdir -p '{0}'; cp /bin/true '{0}'/amazon-cloudwatch-agent-ctl; }}",
                control.parent().expect("a folder").display()
            ),
        );
        let installed = machine.path("installed");
        machine.program("dpkg-query", &format!("cat '{}'", installed.display()));
        machine.program(
            "gitlab-ctl",
            &format!("[[ $1 == reconfigure || -e '{root}/nginx' ]]"),
        );
        machine.program(
            "curl",
            &format!(
                "url=\"${{@: -1}}\"\n\
                 if [[ $url == */-/readiness ]]; then ! grep -q broken '{root}{RB}' && [[ ! -e '{root}/down' ]]; exit; fi\n\
                 while [[ $1 != --output ]]; do shift; done\n\
                 cp '{}'/\"${{url##*/}}\" \"$2\" || echo downloaded >\"$2\"",
                machine.path("keys").display()
            ),
        );
        let psql = machine.root.path("/opt/gitlab/embedded/postgresql/16/bin");
        fs::create_dir_all(&psql).expect("made");
        let body = format!(
            "#!/bin/bash\n[[ $PGPASSWORD == '{PASSWORD}' && $PGSSLMODE == verify-full && -s $PGSSLROOTCERT ]] ||\n\
             {{ echo 'FATAL:  password authentication failed for user \"gitlab\"' >&2; exit 2; }}\n"
        );
        fs::write(psql.join("psql"), body).expect("written");
        fs::set_permissions(psql.join("psql"), fs::Permissions::from_mode(0o755)).expect("set");
        let release = machine.file("/etc/os-release", "ID=ubuntu\nVERSION_CODENAME=\"jammy\"\n");
        machine.root.write(&release).expect("written");
        let server = Self {
            contents: bundle(&machine),
            machine,
        };
        server.put(DATABASE, PASSWORD);
        server.put(CERTIFICATE, &Issued::new().secret());
        server
    }

    fn put(&self, name: &str, value: &str) {
        let mut secrets = self.machine.cloud.secrets.lock().expect("not poisoned");
        secrets.insert(name.to_owned(), value.to_owned());
    }

    async fn run(&self) -> Status {
        self.machine
            .converge(&self.contents, &steps::of(Role::Server))
            .await
    }

    /// Changes GitLab's configuration in the bundle.
    fn configure(&mut self, text: &str) {
        let mut files = self.contents.files.iter_mut();
        let file = files.find(|file| file.path.as_str() == "/etc/nex/gitlab.rb");
        file.expect("a file").content.push_str(text);
    }
}

fn bundle(machine: &Machine) -> Contents {
    let spec: Spec = toml::from_str(
        r#"
        url = "https://gitlab.example.com"
        registry_url = "https://registry.example.com"
        ssh_host = "ssh-gitlab.example.com"
        "#,
    )
    .expect("a spec");
    let inputs = Inputs {
        region: "eu-west-3".into(),
        database_host: "db.example.com".into(),
        database_port: 5432,
        secrets: Secrets {
            database_password: DATABASE.into(),
            origin_certificate: CERTIFICATE.into(),
            ..Secrets::default()
        },
        ..Inputs::default()
    };
    let rendered = nex_gitlab::files(&spec, &inputs);
    let names = ["gitlab.rb", "amazon-cloudwatch-agent.json"];
    let files = names.map(|name| machine.file(&format!("/etc/nex/{name}"), &rendered[name]));
    let source = |name: &str, url: &str| PackageSource {
        url: url.parse().expect("a URL"),
        key: SigningKey {
            url: format!("https://keys.example.com/{name}")
                .parse()
                .expect("a URL"),
            fingerprint: make_key(machine, name).parse().expect("a fingerprint"),
        },
    };
    let settings = ServerSettings {
        web_host: "gitlab.example.com".into(),
        packages: ServerPackages {
            gitlab_version: "18.11.1-ce.0".into(),
            gitlab: source("gitlab.key", "https://packages.gitlab.com/gitlab/gitlab-ce"),
            log_agent: source("agent.key", "https://agent.example.com"),
        },
        database: DatabaseSettings {
            host: "db.example.com".into(),
            port: 5432,
            name: "gitlab".into(),
            user: "gitlab".into(),
            sslmode: SslMode::VerifyFull,
            ca_bundle: "https://truststore.example.com/bundle.pem"
                .parse()
                .expect("a URL"),
        },
        backups: BackupSettings {
            bucket: "009001720821/example-backups".parse().expect("a bucket"),
            prefix: String::new(),
        },
    };
    let file = SecretTarget::File {
        path: "/etc/gitlab/secrets.d/database_password"
            .parse()
            .expect("a path"),
        mode: Mode::PRIVATE,
        owner: machine.root.owner(),
    };
    let secret = |name: &str, target| SecretUse {
        name: name.parse().expect("a name"),
        target,
    };
    Contents {
        settings: Settings::Server(settings),
        secrets: vec![
            secret(DATABASE, file),
            secret(CERTIFICATE, SecretTarget::OriginCertificate),
        ],
        ..contents(files.to_vec())
    }
}

#[tokio::test]
async fn a_server_is_set_up_and_its_secrets_are_in_their_files_only() {
    let server = Server::new();
    let machine = &server.machine;
    let issued = Issued::new();
    server.put(CERTIFICATE, &issued.secret());
    let status = server.run().await;
    assert_eq!(status.state(), State::Done, "{status:?}");
    let end = status.certificate_ends_at.map(|end| end.to_string());
    // The end that rcgen gives a certificate.
    assert_eq!(end.as_deref(), Some("4096-01-01T00:00:00Z"));

    let calls = machine.calls();
    let is_shown = |call: &&String| {
        ["apt", "sshd", "systemctl", "dpkg-query", "gitlab-ctl"]
            .iter()
            .any(|name| call.starts_with(name))
    };
    let calls: Vec<_> = calls.iter().filter(is_shown).collect();
    let apt = "apt-get -q -y -o DPkg::Lock::Timeout=600";
    assert_eq!(
        calls,
        [
            "sshd -t",
            "systemctl reload ssh",
            &format!("{apt} update"),
            &format!("{apt} install ca-certificates curl gnupg gpgv openssl"),
            "dpkg-query -W -f ${db:Status-Status} gitlab-ce",
            &format!("{apt} update"),
            &format!("{apt} install gitlab-ce=18.11.1-ce.0"),
            "apt-mark hold gitlab-ce",
            "gitlab-ctl status nginx",
            "gitlab-ctl reconfigure",
        ]
    );
    let rb = machine.read(RB);
    assert!(
        rb.contains("external_url 'https://gitlab.example.com'"),
        "{rb}"
    );
    assert_eq!(
        machine.read("/etc/apt/sources.list.d/gitlab-ce.list"),
        "deb [signed-by=/usr/share/keyrings/nex-gitlab-ce.asc] \
         https://packages.gitlab.com/gitlab/gitlab-ce/ubuntu/jammy jammy main\n"
    );
    assert!(
        machine
            .read("/etc/ssh/sshd_config.d/10-nex.conf")
            .contains("PasswordAuthentication no\n")
    );

    let path = |path: &str| machine.root.path(path).display().to_string();
    assert_eq!(
        files_with(machine, PASSWORD),
        [path("/etc/gitlab/secrets.d/database_password")]
    );
    let key = path("/etc/gitlab/ssl/origin.key");
    let line = issued.key.lines().nth(1).expect("a line");
    assert_eq!(files_with(machine, line), std::slice::from_ref(&key));
    let mode = fs::metadata(key).expect("a file").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(
        machine.read("/etc/gitlab/ssl/origin.crt"),
        issued.certificate
    );
}

#[tokio::test]
async fn an_installed_gitlab_is_never_upgraded() {
    let server = Server::new();
    fs::write(server.machine.path("installed"), "installed").expect("written");
    assert_eq!(server.run().await.state(), State::Done);
    let calls = server.machine.calls();
    assert!(
        !calls.iter().any(|call| call.contains("gitlab-ce=")),
        "{calls:?}"
    );
    assert!(calls.contains(&"apt-mark hold gitlab-ce".to_owned()));
}

#[tokio::test]
async fn a_configuration_without_health_goes_back_to_the_older_one() {
    let mut server = Server::new();
    server.run().await;
    let older = server.machine.read(RB);
    server.machine.calls();
    server.configure("# broken\n");
    let status = server.run().await;
    let text = result(&status, "configure");
    assert!(text.starts_with("health-check-failed: "), "{text}");
    assert!(
        text.ends_with("; the older configuration is back"),
        "{text}"
    );
    assert_eq!(server.machine.read(RB), older);
    let calls = server.machine.calls();
    assert_eq!(
        calls
            .iter()
            .filter(|call| *call == "gitlab-ctl reconfigure")
            .count(),
        2
    );
}

#[tokio::test]
async fn a_way_back_survives_an_interrupted_run() {
    let mut server = Server::new();
    server.run().await;
    let older = server.machine.read(RB);
    server.configure("# broken\n");
    // The machine went down after it had written the file.
    let broken = format!("{older}# broken\n");
    fs::write(server.machine.root.path(RB), broken).expect("written");
    let status = server.run().await;
    let text = result(&status, "configure");
    assert!(
        text.ends_with("; the older configuration is back"),
        "{text}"
    );
    assert_eq!(server.machine.read(RB), older);
}

#[tokio::test]
async fn a_first_configuration_without_health_stays_and_is_tried_again() {
    let mut server = Server::new();
    server.configure("# broken\n");
    let status = server.run().await;
    let text = result(&status, "configure");
    assert!(
        text.starts_with("health-check-failed: ") && !text.contains("older"),
        "{text}"
    );
    assert_eq!(result(&status, "ready"), "waiting");
    let mut files = server.contents.files.iter_mut();
    let file = files
        .find(|file| file.path.as_str() == "/etc/nex/gitlab.rb")
        .expect("a file");
    file.content = file.content.replace("# broken\n", "");
    assert_eq!(server.run().await.state(), State::Done);
}

#[tokio::test]
async fn a_gitlab_that_is_down_is_in_the_status_and_nothing_is_reconfigured() {
    let server = Server::new();
    server.run().await;
    server.machine.calls();
    let down = server.machine.root.path("/down");
    fs::write(&down, "").expect("written");
    let status = server.run().await;
    assert!(result(&status, "ready").starts_with("health-check-failed: "));
    assert!(
        !server
            .machine
            .calls()
            .contains(&"gitlab-ctl reconfigure".to_owned())
    );
    fs::remove_file(down).expect("removed");
    assert_eq!(server.run().await.state(), State::Done);
}

#[tokio::test]
async fn a_certificate_comes_later_and_a_replaced_one_reaches_nginx() {
    let server = Server::new();
    let first = Issued::new();
    server.put(
        CERTIFICATE,
        &serde_json::json!({"key": first.key}).to_string(),
    );
    let status = server.run().await;
    assert_eq!(
        result(&status, "certificate"),
        "no-secret: the secret nex/certificate has no certificate yet"
    );
    assert_eq!(result(&status, "configure"), "waiting");
    server.put(CERTIFICATE, &first.secret());
    assert_eq!(server.run().await.state(), State::Done);

    fs::write(server.machine.root.path("/nginx"), "").expect("written");
    server.machine.calls();
    let second = Issued::new();
    server.put(CERTIFICATE, &second.secret());
    server.run().await;
    assert_eq!(
        server.machine.read("/etc/gitlab/ssl/origin.crt"),
        second.certificate
    );
    let calls = server.machine.calls();
    assert!(
        calls.contains(&"gitlab-ctl hup nginx".to_owned()),
        "{calls:?}"
    );
    server.run().await;
    assert!(
        !server
            .machine
            .calls()
            .contains(&"gitlab-ctl hup nginx".to_owned())
    );

    // The key of another certificate: nginx keeps the present one.
    let wrong = Issued {
        key: first.key,
        certificate: Issued::new().certificate,
    };
    server.put(CERTIFICATE, &wrong.secret());
    let status = server.run().await;
    assert_eq!(
        result(&status, "certificate"),
        "other: the origin certificate and its key do not match"
    );
    assert_eq!(
        server.machine.read("/etc/gitlab/ssl/origin.crt"),
        second.certificate
    );
    let line = wrong.key.lines().nth(1).expect("a line");
    assert!(files_with(&server.machine, line).is_empty());
}

#[tokio::test]
async fn a_database_that_refuses_the_password_is_waited_for() {
    let server = Server::new();
    server.put(DATABASE, "another");
    let status = server.run().await;
    let text = result(&status, "database");
    assert!(
        text.starts_with("access-denied: ") && text.contains("password authentication failed"),
        "{text}"
    );
    assert_eq!(result(&status, "configure"), "waiting");
    assert_eq!(result(&status, "certificate"), "done");
}

#[tokio::test]
async fn a_log_agent_with_a_wrong_signature_is_not_installed() {
    let server = Server::new();
    server
        .machine
        .program("gpgv", "echo 'gpgv: BAD signature from \"x\"' >&2; exit 1");
    let status = server.run().await;
    let text = result(&status, "log-agent");
    assert!(text.contains("BAD signature"), "{text}");
    assert!(
        !server
            .machine
            .calls()
            .iter()
            .any(|call| call.starts_with("dpkg -i"))
    );
    // GitLab does not need it.
    assert_eq!(result(&status, "ready"), "done");
}

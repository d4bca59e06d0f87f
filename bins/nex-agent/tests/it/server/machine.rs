//! A new Ubuntu machine, with the files that nex-gitlab renders and programs that log their calls.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use nex_agent::steps;
use nex_gitlab::{Inputs, Secrets, Spec};
use nex_host::{
    BackupSettings, Contents, DatabaseSettings, Mode, PackageSource, Role, SecretTarget, SecretUse,
    ServerPackages, ServerSettings, Settings, SigningKey, SslMode, Status,
};

use crate::machine::{Machine, contents, make_key};

pub(super) const CERTIFICATE: &str = "nex/certificate";
pub(crate) const KEYS: &str = "nex/keys";
pub(super) const DATABASE: &str = "nex/database";
pub(super) const PASSWORD: &str = "s3cret-database-$(exit 1)";
pub(super) const RB: &str = "/etc/gitlab/gitlab.rb";
const CONTROL: &str = "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl";

/// A new Ubuntu machine with all secrets, and the bundle of a server.
pub(crate) struct Server {
    pub(crate) machine: Machine,
    pub(crate) contents: Contents,
}

/// A certificate with its key, as the secret holds it.
pub(super) struct Issued {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Issued {
    pub(super) fn new() -> Self {
        let names = vec!["gitlab.example.com".to_owned()];
        let issued = rcgen::generate_simple_self_signed(names).expect("a certificate");
        Self {
            certificate: issued.cert.pem(),
            key: issued.signing_key.serialize_pem(),
        }
    }

    pub(super) fn secret(&self) -> String {
        serde_json::json!({"certificate": self.certificate, "key": self.key}).to_string()
    }
}

impl Server {
    pub(super) fn new() -> Self {
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

    pub(super) fn put(&self, name: &str, value: &str) {
        let mut secrets = self.machine.cloud.secrets.lock().expect("not poisoned");
        secrets.insert(name.to_owned(), value.to_owned());
    }

    pub(super) async fn run(&self) -> Status {
        self.machine
            .converge(&self.contents, &steps::of(Role::Server))
            .await
    }

    /// Changes GitLab's configuration in the bundle.
    pub(super) fn configure(&mut self, text: &str) {
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
            prefix: "gitlab/".to_owned(),
            keys: KEYS.parse().expect("a name"),
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

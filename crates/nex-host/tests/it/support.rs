//! Values for the tests.

use nex_host::{
    Agent, BackupSettings, Contents, DatabaseSettings, Digest, File, Mode, Owner, PackageSource,
    RunnerSettings, SecretTarget, SecretUse, ServerPackages, ServerSettings, Settings, SigningKey,
    SslMode,
};

const FINGERPRINT: &str = "F6403F6544A38863DAA0B6E03F01618A51312F3F";

pub(crate) fn agent() -> Agent {
    Agent {
        build: Digest::of(b"sources").into(),
        sha256: Digest::of(b"program"),
        bytes: 7,
    }
}

pub(crate) fn file(path: &str, content: &str) -> File {
    File {
        path: path.parse().expect("a path"),
        mode: Mode::READABLE,
        owner: Owner::root(),
        content: content.to_owned(),
    }
}

/// A file that holds a secret's value.
pub(crate) fn secret_file(name: &str, path: &str) -> SecretUse {
    let target = SecretTarget::File {
        path: path.parse().expect("a path"),
        mode: Mode::PRIVATE,
        owner: Owner::root(),
    };
    secret(name, target)
}

pub(crate) fn secret(name: &str, target: SecretTarget) -> SecretUse {
    SecretUse {
        name: name.parse().expect("a name"),
        target,
    }
}

fn key() -> SigningKey {
    SigningKey {
        url: "https://packages.gitlab.com/gpgkey/gpg.key"
            .parse()
            .expect("a URL"),
        fingerprint: FINGERPRINT.parse().expect("a fingerprint"),
    }
}

/// A small runner.
pub(crate) fn runner() -> Contents {
    Contents {
        agent: agent(),
        settings: Settings::Runner(RunnerSettings {
            version: "19.4.0".to_owned(),
            repository: "https://packages.gitlab.com/runner".parse().expect("a URL"),
            keys: vec![key()],
        }),
        files: vec![file("/etc/b", "b\n"), file("/etc/a", "a\n")],
        secrets: vec![secret("nex/token", SecretTarget::RunnerToken)],
    }
}

/// A small server.
pub(crate) fn server() -> Contents {
    let source = |url: &str| PackageSource {
        url: url.parse().expect("a URL"),
        key: key(),
    };
    Contents {
        agent: agent(),
        settings: Settings::Server(ServerSettings {
            web_host: "gitlab.example.com".to_owned(),
            packages: ServerPackages {
                gitlab_version: "18.11.1-ce.0".to_owned(),
                gitlab: source("https://packages.gitlab.com/gitlab/gitlab-ce"),
                log_agent: source("https://amazoncloudwatch-agent.s3.amazonaws.com"),
            },
            database: DatabaseSettings {
                host: "db.example.com".to_owned(),
                port: 5432,
                name: "gitlab".to_owned(),
                user: "gitlab".to_owned(),
                sslmode: SslMode::VerifyFull,
                ca_bundle: "https://truststore.pki.rds.amazonaws.com/x.pem"
                    .parse()
                    .expect("a URL"),
            },
            backups: BackupSettings {
                bucket: "009001720821/example-backups".parse().expect("a bucket"),
                prefix: "gitlab/".to_owned(),
                keys: "nex/keys".parse().expect("a name"),
            },
        }),
        files: vec![file(
            "/etc/nex/gitlab.rb",
            "external_url 'https://gitlab.example.com'\n",
        )],
        secrets: vec![
            secret("nex/certificate", SecretTarget::OriginCertificate),
            secret_file("nex/db", "/etc/gitlab/secrets.d/database_password"),
        ],
    }
}

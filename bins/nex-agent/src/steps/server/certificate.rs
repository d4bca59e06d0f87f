//! The origin certificate, from its secret to nginx.

use std::time::Duration;

use nex_host::{Cause, File, Mode, SecretName, SecretTarget};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::argument;
use crate::failure::Failure;
use crate::host::Host;
use crate::root::Written;
use crate::step::{Again, Step, inputs};

const DEADLINE: Duration = Duration::from_secs(3 * 60);

/// Where nginx finds the certificate.
pub(crate) const CERTIFICATE: &str = "/etc/gitlab/ssl/origin.crt";
const KEY: &str = "/etc/gitlab/ssl/origin.key";
/// Both before they are checked.
const NEW: [&str; 2] = ["/var/lib/nex/new.crt", "/var/lib/nex/new.key"];

/// The secret's value. It has only the key until the certificate is issued.
#[derive(Deserialize)]
struct Value {
    certificate: Option<String>,
    key: Option<SecretString>,
}

/// Installs the certificate. It looks for a replaced one at every run.
pub(super) fn step() -> Step {
    Step {
        name: "certificate",
        deadline: DEADLINE,
        needs: &["tools"],
        inputs: |contents| inputs(&contents.secrets),
        again: Again::EveryRun,
        run: |host| Box::pin(install(host)),
    }
}

async fn install(host: &Host<'_>) -> Result<(), Failure> {
    let name = name(host)?;
    let value = host.cloud.secret(name).await?;
    // serde's message could repeat a part of the value.
    let value: Value = serde_json::from_str(value.expose_secret()).map_err(|_| {
        Failure::new(
            Cause::Other,
            format!("the secret {name} is not JSON with a certificate and a key"),
        )
    })?;
    let (Some(certificate), Some(key)) = (value.certificate, value.key) else {
        let text = format!("the secret {name} has no certificate yet");
        return Err(Failure::new(Cause::NoSecret, text));
    };
    check(host, &certificate, &key).await?;
    let changed = [
        put(host, KEY, Mode::PRIVATE, key.expose_secret())?,
        put(host, CERTIFICATE, Mode::READABLE, &certificate)?,
    ];
    // nginx does not run before the first reconfigure.
    let run = async |args: &[&str]| host.programs.run(host.log, "gitlab-ctl", args).await;
    if changed.contains(&Written::Changed) && run(&["status", "nginx"]).await.is_ok() {
        run(&["hup", "nginx"]).await?;
    }
    Ok(())
}

fn name<'a>(host: &Host<'a>) -> Result<&'a SecretName, Failure> {
    let mut secrets = host.contents.secrets.iter();
    let secret = secrets.find(|secret| secret.target == SecretTarget::OriginCertificate);
    let missing = || {
        Failure::new(
            Cause::Other,
            "the bundle names no secret for the origin certificate",
        )
    };
    Ok(&secret.ok_or_else(missing)?.name)
}

/// Refuses a key that does not belong to the certificate: nginx would not start again.
async fn check(host: &Host<'_>, certificate: &str, key: &SecretString) -> Result<(), Failure> {
    put(host, NEW[0], Mode::PRIVATE, certificate)?;
    put(host, NEW[1], Mode::PRIVATE, key.expose_secret())?;
    let paths = NEW.map(|path| argument(host, path));
    let openssl = async |args: &[&str]| host.programs.run(host.log, "openssl", args).await;
    let of_certificate = openssl(&["x509", "-noout", "-pubkey", "-in", &paths[0]]).await;
    let of_key = openssl(&["pkey", "-pubout", "-in", &paths[1]]).await;
    for path in NEW {
        // A later run writes it again.
        let _ = std::fs::remove_file(host.root.path(path));
    }
    if of_certificate? == of_key? {
        Ok(())
    } else {
        Err(Failure::new(
            Cause::Other,
            "the origin certificate and its key do not match",
        ))
    }
}

fn put(host: &Host<'_>, path: &str, mode: Mode, content: &str) -> Result<Written, Failure> {
    host.root.write(&File {
        path: path.parse().expect("a path"),
        mode,
        owner: host.root.owner(),
        content: content.to_owned(),
    })
}

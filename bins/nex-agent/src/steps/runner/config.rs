//! gitlab-runner's `config.toml`: the rendered template with this host's name and the runner's token.

use std::time::Duration;

use nex_host::{Cause, HostPath, Mode, SecretName, SecretTarget};
use secrecy::{ExposeSecret as _, SecretString};

use super::systemctl;
use crate::failure::Failure;
use crate::host::Host;
use crate::step::{Again, Step, inputs};
use crate::steps::files_below;

const DEADLINE: Duration = Duration::from_secs(3 * 60);

/// The template, as the bundle has it. nex-runner renders it.
const TEMPLATE: &str = "/etc/nex/config.toml";
/// What gitlab-runner reads.
const TARGET: &str = "/etc/gitlab-runner/config.toml";
/// A copy without the token, for the check.
const CHECKED: &str = "/var/lib/nex/config.toml";
/// The line of the template that gets the token.
const TOKEN_LINE: &str = "token = \"{token}\"";
/// Stands for the token in the copy, because messages of the check may quote lines.
const NO_TOKEN: &str = "glrt-checked-without-token";

/// Writes the configuration. It fails with [`Cause::NoSecret`] until GitLab has issued the token.
pub(super) fn step() -> Step {
    Step {
        name: "runner-config",
        deadline: DEADLINE,
        needs: &["files", "runner-package"],
        inputs: |contents| inputs(&(files_below(contents, &[TEMPLATE]), &contents.secrets)),
        again: Again::OnChange,
        run: |host| Box::pin(configure(host)),
    }
}

async fn configure(host: &Host<'_>) -> Result<(), Failure> {
    let template = text(host, TEMPLATE)?
        .ok_or_else(|| Failure::new(Cause::Other, format!("the bundle has no file {TEMPLATE}")))?;
    check(host, &template).await?;
    let token = token(host).await?;
    // The package starts a runner without a configuration and with other signals.
    let is_configured = text(host, TARGET)?.is_some_and(|old| old.contains("[[runners]]"));
    if !is_configured {
        systemctl(host, &["stop", "gitlab-runner"]).await?;
    }
    put(host, TARGET, &filled(&template, token.expose_secret()))
}

/// Refuses a configuration with unknown keys, which a running gitlab-runner would ignore in silence.
async fn check(host: &Host<'_>, template: &str) -> Result<(), Failure> {
    put(host, CHECKED, &filled(template, NO_TOKEN))?;
    let path = host.root.path(CHECKED).display().to_string();
    host.programs
        .run(host.log, "gitlab-runner", &["lint", "-c", &path])
        .await?;
    Ok(())
}

async fn token(host: &Host<'_>) -> Result<SecretString, Failure> {
    let secrets = host.contents.secrets.iter();
    let mut tokens = secrets.filter(|secret| secret.target == SecretTarget::RunnerToken);
    let name: &SecretName = &tokens
        .next()
        .ok_or_else(|| {
            Failure::new(
                Cause::Other,
                "the bundle names no secret for the runner's token",
            )
        })?
        .name;
    let value = host.cloud.secret(name).await?;
    let token = value.expose_secret().trim();
    // Such a token needs no escaping in TOML. The message must not repeat the value, which may be another secret.
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.=-".contains(&byte);
    if (8..=512).contains(&token.len()) && token.bytes().all(is_allowed) {
        Ok(token.into())
    } else {
        let text = format!("the value of the secret {name} is not a runner's token");
        Err(Failure::new(Cause::Other, text))
    }
}

/// The template with the host's name in the runner's name, and with a token.
fn filled(template: &str, token: &str) -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy().replace(
        // Characters that no host name has could need escaping in TOML.
        |c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-',
        "-",
    );
    let line = |line: &str| {
        if line == TOKEN_LINE {
            format!("token = \"{token}\"\n")
        } else if line.starts_with("name = ") {
            format!("{}\n", line.replace("{hostname}", &name))
        } else {
            format!("{line}\n")
        }
    };
    template.lines().map(line).collect()
}

fn text(host: &Host<'_>, path: &str) -> Result<Option<String>, Failure> {
    let bytes = host.root.read(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn put(host: &Host<'_>, path: &str, content: &str) -> Result<(), Failure> {
    let path: HostPath = path.parse().expect("a path");
    let owner = host.root.owner();
    host.root
        .put(&path, Mode::PRIVATE, &owner, content.as_bytes())?;
    Ok(())
}

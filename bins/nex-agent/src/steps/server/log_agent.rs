//! The CloudWatch agent. It comes early, so that CloudWatch has the log of a failed set-up.

use super::{argument, settings};
use crate::failure::Failure;
use crate::host::Host;
use crate::step::{Again, Step, inputs};
use crate::steps::{INSTALL, files_below, key};

/// Its configuration, as the bundle has it.
const CONFIG: &str = "/etc/nex/amazon-cloudwatch-agent.json";

/// Its control program.
const CONTROL: &str = "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl";

/// Installs and starts the CloudWatch agent.
pub(super) fn step() -> Step {
    Step {
        name: "log-agent",
        deadline: INSTALL,
        needs: &["files", "tools"],
        inputs: |contents| inputs(&files_below(contents, &[CONFIG])),
        again: Again::OnChange,
        run: |host| Box::pin(start(host)),
    }
}

async fn start(host: &Host<'_>) -> Result<(), Failure> {
    if !host.root.path(CONTROL).exists() {
        install(host).await?;
    }
    let config = format!("file:{}", argument(host, CONFIG));
    let args = ["-a", "fetch-config", "-m", "ec2", "-s", "-c", &config];
    let control = argument(host, CONTROL);
    host.programs.run(host.log, &control, &args).await?;
    Ok(())
}

/// The package does not come from a repository: its signature is a separate file next to it.
async fn install(host: &Host<'_>) -> Result<(), Failure> {
    let source = &settings(host)?.packages.log_agent;
    let folder = tempfile::tempdir().map_err(Failure::file("create a folder for a package"))?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (package, signature, keyring) = (path("agent.deb"), path("agent.deb.sig"), path("key.gpg"));
    let run = async |program, args: &[&str]| host.programs.run(host.log, program, args).await;
    let architecture = run("dpkg", &["--print-architecture"]).await?;
    let name = "latest/amazon-cloudwatch-agent.deb";
    let url = format!("{}/ubuntu/{}/{name}", source.url, architecture.trim());
    key::download(host, &url, &package).await?;
    key::download(host, &format!("{url}.sig"), &signature).await?;
    let armoured = key::fetch(host, &source.key).await?;
    let key = path("key.asc");
    std::fs::write(&key, armoured).map_err(Failure::file("write a key"))?;
    run("gpg", &["--batch", "--output", &keyring, "--dearmor", &key]).await?;
    run("gpgv", &["--keyring", &keyring, &signature, &package]).await?;
    run("dpkg", &["-i", "-E", &package]).await?;
    Ok(())
}

//! GitLab's package.

use std::time::Duration;

use nex_host::{Cause, Mode};

use super::{put, settings};
use crate::failure::Failure;
use crate::host::Host;
use crate::step::{Again, Step, inputs};
use crate::steps::{key, packages};

/// A key has some KB.
const SOURCE_DEADLINE: Duration = Duration::from_secs(5 * 60);

/// The package has 1.3 GB, and takes minutes to unpack.
const DEADLINE: Duration = Duration::from_secs(60 * 60);

const KEY: &str = "/usr/share/keyrings/nex-gitlab-ce.asc";
const LIST: &str = "/etc/apt/sources.list.d/gitlab-ce.list";

/// Installs the repository and its key.
pub(super) fn source() -> Step {
    Step {
        name: "package-source",
        deadline: SOURCE_DEADLINE,
        needs: &["tools"],
        inputs: |contents| inputs(&contents.settings),
        again: Again::OnChange,
        run: |host| Box::pin(add_source(host)),
    }
}

/// Installs the package, and holds it at its version.
pub(super) fn step() -> Step {
    Step {
        name: "gitlab-package",
        deadline: DEADLINE,
        needs: &["package-source"],
        inputs: |_| inputs(&()),
        again: Again::OnChange,
        run: |host| Box::pin(install(host)),
    }
}

async fn add_source(host: &Host<'_>) -> Result<(), Failure> {
    let source = &settings(host)?.packages.gitlab;
    let armoured = key::fetch(host, &source.key).await?;
    let path = KEY.parse().expect("a path");
    host.root
        .put(&path, Mode::READABLE, &host.root.owner(), &armoured)?;
    let Release { id, codename } = release(host)?;
    let url = &source.url;
    put(
        host,
        LIST,
        format!("deb [signed-by={KEY}] {url}/{id}/{codename} {codename} main\n"),
    )?;
    Ok(())
}

async fn install(host: &Host<'_>) -> Result<(), Failure> {
    let query = ["-W", "-f", "${db:Status-Status}", "gitlab-ce"];
    // It fails for a package that the machine has never had.
    let installed = host.programs.run(host.log, "dpkg-query", &query).await;
    if installed.is_ok_and(|status| status.trim() == "installed") {
        host.log
            .line("gitlab-ce is already installed; a set-up never upgrades it");
    } else {
        let package = format!("gitlab-ce={}", settings(host)?.packages.gitlab_version);
        packages::apt_get(host, &["update"]).await?;
        packages::apt_get(host, &["install", &package]).await?;
    }
    host.programs
        .run(host.log, "apt-mark", &["hold", "gitlab-ce"])
        .await?;
    Ok(())
}

/// The distribution's release.
struct Release {
    id: String,
    codename: String,
}

fn release(host: &Host<'_>) -> Result<Release, Failure> {
    let text = host.root.read("/etc/os-release")?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let value = |name: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let missing = || Failure::new(Cause::Other, format!("/etc/os-release has no {name}"));
        Ok(value.ok_or_else(missing)?.trim_matches('"').to_owned())
    };
    Ok(Release {
        id: value("ID")?,
        codename: value("VERSION_CODENAME")?,
    })
}

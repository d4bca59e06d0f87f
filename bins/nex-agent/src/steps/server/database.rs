//! GitLab's database: its certificates, and whether it lets GitLab in.

use std::time::Duration;

use nex_host::{Cause, DatabaseSettings};

use super::{argument, put, settings, wait_for};
use crate::failure::Failure;
use crate::host::Host;
use crate::step::{Again, Step, inputs};
use crate::steps::key;

/// How often one run of the agent looks for the database, every 10 s. Someone may make the role after the server.
const LOOKS: usize = 30;

const DEADLINE: Duration = Duration::from_secs(20 * 60);

const CERTIFICATES: &str = "/etc/gitlab/rds-ca-bundle.pem";
const PASSWORD: &str = "/etc/gitlab/secrets.d/database_password";

/// Installs the certificates, and waits until GitLab's role can use the database.
pub(super) fn step() -> Step {
    Step {
        name: "database",
        deadline: DEADLINE,
        needs: &["tools", "secrets", "gitlab-package"],
        inputs: |contents| inputs(&contents.settings),
        again: Again::OnChange,
        run: |host| Box::pin(prepare(host)),
    }
}

async fn prepare(host: &Host<'_>) -> Result<(), Failure> {
    let database = &settings(host)?.database;
    let folder = tempfile::tempdir().map_err(Failure::file("create a folder"))?;
    let file = folder.path().join("certificates");
    let path = file.display().to_string();
    key::download(host, database.ca_bundle.as_str(), &path).await?;
    let text = std::fs::read_to_string(file).map_err(Failure::file("read certificates"))?;
    put(host, CERTIFICATES, text)?;
    let psql = psql(host)?;
    wait_for(host, LOOKS, || answers(host, database, &psql)).await
}

async fn answers(host: &Host<'_>, database: &DatabaseSettings, psql: &str) -> Result<(), Failure> {
    let password = host.root.read(PASSWORD)?.unwrap_or_default();
    let password = String::from_utf8_lossy(&password).trim_end().to_owned();
    let (port, sslmode) = (database.port.to_string(), database.sslmode.to_string());
    let certificates = argument(host, CERTIFICATES);
    let variables = [
        ("PGHOST", database.host.as_str()),
        ("PGPORT", &port),
        ("PGDATABASE", &database.name),
        ("PGUSER", &database.user),
        ("PGPASSWORD", &password),
        ("PGSSLMODE", &sslmode),
        ("PGSSLROOTCERT", &certificates),
        ("PGCONNECT_TIMEOUT", "10"),
    ];
    let args = ["-qtAc", "SELECT 1"];
    host.programs
        .run_with(host.log, &variables, psql, &args)
        .await?;
    Ok(())
}

/// The newest psql of GitLab's package.
fn psql(host: &Host<'_>) -> Result<String, Failure> {
    let folder = host.root.path("/opt/gitlab/embedded/postgresql");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let newest = entries.max_by_key(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().parse::<u32>().unwrap_or_default()
    });
    let missing = || Failure::new(Cause::Other, "gitlab-ce has no psql");
    let psql = newest.ok_or_else(missing)?.path().join("bin/psql");
    Ok(psql.display().to_string())
}

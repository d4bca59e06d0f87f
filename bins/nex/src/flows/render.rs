//! `nex render`: the files that nex would put on machines.

use std::path::Path;

use anyhow::{Context, bail};
use nex_dns::edge::{EdgeNetworks, built_in};
use nex_infra::aws::Reader;
use nex_infra::{DatabaseFacts, Read as _};

use super::load;
use crate::Exit;
use crate::cloudflare::edge_networks;
use crate::compose::Ground;
use crate::environment::Spec;
use crate::output::Output;
use crate::session::connect_aws;

/// What to render.
pub(super) struct What<'a> {
    pub(super) file: Option<&'a str>,
    pub(super) folder: Option<&'a Path>,
}

/// PostgreSQL's port, where no database is looked up.
const POSTGRESQL: u16 = 5432;

pub(super) async fn run(
    env: &str,
    sandbox: Option<&str>,
    what: What<'_>,
    database_host: Option<String>,
    output: Output,
) -> anyhow::Result<Exit> {
    let spec = load(env)?;
    // Only the server's files say where the database is.
    let lists_only = what.file.is_none() && what.folder.is_none();
    let of_runner = what.file.is_some_and(|file| file.starts_with("runner/"));
    let (database, edge) = match database_host {
        Some(host) => (given(host), built_in()),
        None if lists_only || of_runner => (given(String::new()), built_in()),
        None => looked_up(&spec, sandbox, output).await?,
    };
    let files = Ground::new(&spec, &database, &edge).files();
    if let Some(folder) = what.folder {
        for (name, content) in &files {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, content))
                .with_context(|| format!("failed to write {}", path.display()))?;
        }
        output.note(&format!(
            "{} files stand in {}",
            files.len(),
            folder.display()
        ));
        return Ok(Exit::Fine);
    }
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    match what.file {
        None if output.json => output.json(&names)?,
        None => output.data(&names.join("\n")),
        Some(file) => match files.get(file) {
            Some(content) => output.data(content),
            None => bail!(
                "there is no file {file:?}; there are:\n  {}",
                names.join("\n  ")
            ),
        },
    }
    Ok(Exit::Fine)
}

fn given(host: String) -> DatabaseFacts {
    DatabaseFacts {
        host,
        port: POSTGRESQL,
        version: String::new(),
        groups: vec![],
    }
}

async fn looked_up(
    spec: &Spec,
    sandbox: Option<&str>,
    output: Output,
) -> anyhow::Result<(DatabaseFacts, EdgeNetworks)> {
    let clouds = sandbox.map(crate::sandbox::up).transpose()?;
    let aws = connect_aws(spec, clouds.as_ref())
        .await
        .context("failed to look the database up (--database-host gives it without a cloud)")?;
    let reader = Reader::new(aws, &spec.aws, &spec.names());
    let world = reader.world().await;
    let world = world.with_context(|| format!("failed to read {}", spec.name))?;
    let (edge, missing) = edge_networks(clouds.as_ref()).await?;
    if let Some(error) = missing {
        let as_of = &edge.as_of;
        output.note(&format!(
            "Cloudflare's networks are those that nex knows of, as of {as_of}: {error}"
        ));
    }
    Ok((world.facts.database, edge))
}

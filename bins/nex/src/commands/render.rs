//! `nex render`: the files that nex would put on machines.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use nex_dns::edge::{BUILT_IN_AS_OF, built_in};
use nex_infra::{DatabaseFacts, EdgeNetworks};

use crate::context::Context;
use crate::exit::Exit;
use crate::wiring::Inputs;

/// PostgreSQL's port, if the database is not looked up.
const POSTGRESQL_PORT: u16 = 5432;

/// What to render, and where to write it.
pub(crate) struct Request<'a> {
    /// The file; `None` for a list of all.
    pub(crate) file: Option<&'a str>,
    /// The folder to write all files into.
    pub(crate) folder: Option<&'a Path>,
    /// The database's host, if it is not looked up.
    pub(crate) database_host: Option<String>,
}

impl Request<'_> {
    pub(crate) async fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        let hosting = context.hosting()?;
        let (database, edge) = self.inputs(context).await?;
        let files = Inputs::new(&context.spec, hosting, &database, &edge).files();
        let output = context.output;
        if let Some(folder) = self.folder {
            write_all(&files, folder)?;
            let note = format!("{} files are in {}", files.len(), folder.display());
            output.note(&note);
            return Ok(Exit::Fine);
        }
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        match self.file {
            None if output.json => output.json(&names)?,
            None => output.data(&names.join("\n"))?,
            Some(file) => match files.get(file) {
                Some(content) => output.data(content)?,
                None => bail!(
                    "{file:?} is not one of the files; the files:\n  {}",
                    names.join("\n  ")
                ),
            },
        }
        Ok(Exit::Fine)
    }

    /// The database and Cloudflare's networks. nex looks them up only if a file depends on them.
    async fn inputs(&self, context: &Context) -> anyhow::Result<(DatabaseFacts, EdgeNetworks)> {
        let is_list = self.file.is_none() && self.folder.is_none();
        let is_of_runner = self.file.is_some_and(|file| file.starts_with("runner/"));
        if let Some(host) = &self.database_host {
            return Ok((database(host), EdgeNetworks::Known(built_in().cidrs())));
        }
        if is_list || is_of_runner {
            return Ok((database(""), EdgeNetworks::Known(built_in().cidrs())));
        }
        let snapshot = context.read_aws().await.context(
            "failed to look up the database (--database-host gives its host without a cloud)",
        )?;
        let edge = context.edge_networks().await?;
        if let EdgeNetworks::Unread { error, .. } = &edge {
            context.output.note(&format!(
                "Cloudflare's list of networks can't be read, the files have the list of {BUILT_IN_AS_OF}: {error}"
            ));
        }
        Ok((snapshot.facts.database, edge))
    }
}

fn write_all(files: &BTreeMap<String, String>, folder: &Path) -> anyhow::Result<()> {
    for (name, content) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, content))
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

fn database(host: &str) -> DatabaseFacts {
    DatabaseFacts {
        host: host.to_owned(),
        port: POSTGRESQL_PORT,
        version: String::new(),
        groups: vec![],
    }
}

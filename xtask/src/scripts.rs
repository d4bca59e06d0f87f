//! What `nex` renders for every environment, through shellcheck.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::cargo::{root, run};

/// Rendering looks nothing up: the database's host is the only thing that it would ask a cloud for.
const DATABASE_HOST: &str = "database.example.com";

/// Shellchecks each script that is rendered for each environment in `environments/`.
pub(crate) fn check(nex: &Path) -> anyhow::Result<()> {
    let environments = files(&root().join("environments"))?;
    for file in environments
        .iter()
        .filter(|file| has_extension(file, "toml"))
    {
        let folder = tempfile::tempdir().context("failed to make a folder")?;
        let mut render = in_root(nex);
        render.args(["render", "--quiet"]).arg(file);
        render.arg("--all").arg(folder.path());
        run(render.args(["--database-host", DATABASE_HOST]))?;
        let scripts = scripts(folder.path())?;
        ensure!(
            !scripts.is_empty(),
            "no script is rendered for {}",
            file.display()
        );
        shellcheck(&scripts)?;
        println!("{}: {} scripts are clean", file.display(), scripts.len());
    }
    Ok(())
}

/// Shellchecks these files.
pub(crate) fn shellcheck(files: &[PathBuf]) -> anyhow::Result<()> {
    run(in_root(Path::new("shellcheck")).args(files))
}

fn in_root(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

/// The files below a folder that a shell would run.
fn scripts(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = files(folder)?;
    found.retain(|file| fs::read(file).is_ok_and(|text| text.starts_with(b"#!")));
    Ok(found)
}

/// All files below a folder, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let context = || format!("failed to read {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

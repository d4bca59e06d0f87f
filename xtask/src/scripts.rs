//! Runs shellcheck on the scripts that `nex` renders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use walkdir::WalkDir;

use crate::cargo::{root, run};

/// Rendering must work without a cloud, so it needs the host of the database as an option.
const DATABASE_HOST: &str = "database.example.com";

/// Checks the scripts that `nex render` writes for each environment in `environments/`.
pub(crate) fn check(nex: &Path) -> anyhow::Result<()> {
    let environments = files(&root().join("environments"))?;
    for file in environments.iter().filter(|file| is_toml(file)) {
        let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
        let mut render = in_root(nex);
        render.args(["render", "--quiet"]).arg(file);
        render.arg("--all").arg(folder.path());
        run(render.args(["--database-host", DATABASE_HOST]))?;
        let mut scripts = files(folder.path())?;
        scripts.retain(|file| is_script(file));
        ensure!(
            !scripts.is_empty(),
            "nex rendered no script for {}",
            file.display()
        );
        shellcheck(&scripts)?;
        println!("{}: checked {} scripts", file.display(), scripts.len());
    }
    Ok(())
}

/// Runs shellcheck on files.
pub(crate) fn shellcheck(files: &[PathBuf]) -> anyhow::Result<()> {
    run(in_root(Path::new("shellcheck")).args(files))
}

fn in_root(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

fn is_toml(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "toml")
}

fn is_script(file: &Path) -> bool {
    fs::read(file).is_ok_and(|text| text.starts_with(b"#!"))
}

/// All files in a folder and its subfolders, sorted.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.with_context(|| format!("failed to read {}", folder.display()))?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

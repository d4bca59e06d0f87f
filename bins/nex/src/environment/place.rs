//! Where an environment's file is, and what relative paths in it count from.

use std::path::{Path, PathBuf};

/// The folder of the environments' files.
const ENVIRONMENTS: &str = "environments";

/// The folder that relative paths in the file at `path` count from: the one that holds the folder `environments` with the
/// file, or else the file's own. The current folder does not matter.
pub(super) fn project(path: &Path) -> &Path {
    let folder = path.parent().unwrap_or(Path::new(""));
    match folder.parent() {
        Some(above) if folder.ends_with(ENVIRONMENTS) => above,
        _ => folder,
    }
}

/// The environments in a file's folder.
pub(super) fn beside(path: &Path) -> Vec<String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            name.strip_suffix(".toml").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

/// Whether the operator names a file instead of an environment.
pub(super) fn is_path(name: &str) -> bool {
    name.ends_with(".toml") || name.contains('/')
}

/// The file of the environment `name`, from `folder` or a folder above, or the file at the path `name`.
pub(super) fn find(name: &str, folder: &Path) -> PathBuf {
    if is_path(name) {
        return folder.join(name);
    }
    let file = Path::new(ENVIRONMENTS).join(format!("{name}.toml"));
    let mut above = folder.ancestors().map(|dir| dir.join(&file));
    let found = above.find(|path| path.is_file());
    // Paths relative to the user's folder are the easiest to read.
    match found {
        Some(path) => path
            .strip_prefix(folder)
            .map(Path::to_owned)
            .unwrap_or(path),
        None => file,
    }
}

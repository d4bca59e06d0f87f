//! The workspace as cargo knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

use super::rules::{BARE, WHOLE};
use crate::cargo::{cargo, read};

/// Names of packages.
pub(super) type Names = BTreeSet<String>;

/// Who depends on whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    /// The workspace's packages.
    pub(super) members: BTreeMap<String, Member>,
    /// All that a package brings along with its default features.
    pub(super) whole: BTreeMap<String, Names>,
    /// All that it brings along without them.
    pub(super) bare: BTreeMap<String, Names>,
}

/// One package of the workspace, with what its manifest names.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    /// Whether it stands in `bins/`.
    pub(super) is_bin: bool,
    /// What is built into it.
    pub(super) normal: Names,
    /// The same, and what its tests and build scripts need.
    pub(super) all: Names,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// None for a normal one, else `dev` or `build`.
    kind: Option<String>,
}

impl Graph {
    /// Asks cargo.
    pub(super) fn read() -> anyhow::Result<Self> {
        let text = read(&mut cargo([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let trees = |names: &[&str], features: &[&str]| -> anyhow::Result<_> {
            let tree = |name: &&str| Ok(((*name).to_owned(), tree(name, features)?));
            names.iter().map(tree).collect()
        };
        Ok(Self {
            members: members(&text)?,
            whole: trees(&WHOLE, &[])?,
            bare: trees(&BARE, &["--no-default-features"])?,
        })
    }
}

fn members(metadata: &str) -> anyhow::Result<BTreeMap<String, Member>> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("failed to understand cargo's metadata")?;
    let bins = metadata.workspace_root.join("bins");
    let member = |package: Package| {
        let names = |only_normal: bool| {
            let wanted = package.dependencies.iter();
            let wanted = wanted.filter(|one| !only_normal || one.kind.is_none());
            wanted.map(|one| one.name.clone()).collect()
        };
        let member = Member {
            is_bin: package.manifest_path.starts_with(&bins),
            normal: names(true),
            all: names(false),
        };
        (package.name, member)
    };
    Ok(metadata.packages.into_iter().map(member).collect())
}

fn tree(name: &str, features: &[&str]) -> anyhow::Result<Names> {
    let mut command = cargo(["tree", "--package", name, "--edges", "normal"]);
    command.args(["--prefix", "none", "--format", "{p}"]);
    let text = read(command.args(features))?;
    let names = text.lines().filter_map(|line| line.split(' ').next());
    let names = names.filter(|found| !found.is_empty() && *found != name);
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_understood() {
        let text = r#"{
            "workspace_root": "/w",
            "packages": [
                {"name": "a", "manifest_path": "/w/bins/a/Cargo.toml", "dependencies": [
                    {"name": "b", "kind": null}, {"name": "c", "kind": "dev"}
                ]},
                {"name": "b", "manifest_path": "/w/crates/b/Cargo.toml", "dependencies": []}
            ]
        }"#;
        let members = members(text).expect("metadata");
        assert!(members["a"].is_bin && !members["b"].is_bin);
        assert_eq!(members["a"].normal, Names::from(["b".to_owned()]));
        assert_eq!(members["a"].all.len(), 2);
    }
}

//! The dependency graph of the workspace, read from cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

use crate::cargo::{Features, cargo, read};

/// Names of packages.
pub(super) type Names = BTreeSet<String>;

/// The dependencies of the workspace's packages.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    /// The workspace's packages.
    pub(super) members: BTreeMap<String, Member>,
    /// The transitive dependencies of packages with the given features.
    pub(super) trees: BTreeMap<(String, Features), Names>,
}

/// A package of the workspace and its direct dependencies.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    /// Whether the package is in `bins/`.
    pub(super) is_bin: bool,
    /// Its normal dependencies.
    pub(super) normal: Names,
    /// All its dependencies, including those of tests and build scripts.
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
    /// `dev`, `build`, or `None` for a normal dependency.
    kind: Option<String>,
}

impl Graph {
    /// Reads the graph from `cargo metadata`, and these trees from `cargo tree`.
    pub(super) fn read(trees: &[(&str, Features)]) -> anyhow::Result<Self> {
        let metadata = read(&mut cargo([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let trees: anyhow::Result<_> = trees
            .iter()
            .map(|&(name, features)| Ok(((name.to_owned(), features), tree(name, features)?)))
            .collect();
        Ok(Self {
            members: members(&metadata)?,
            trees: trees?,
        })
    }
}

fn members(metadata: &str) -> anyhow::Result<BTreeMap<String, Member>> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("failed to parse the output of `cargo metadata`")?;
    let bins = metadata.workspace_root.join("bins");
    let member = |package: Package| {
        let names = |filter: fn(&&Dependency) -> bool| {
            let dependencies = package.dependencies.iter().filter(filter);
            dependencies.map(|one| one.name.clone()).collect()
        };
        let member = Member {
            is_bin: package.manifest_path.starts_with(&bins),
            normal: names(|dependency| dependency.kind.is_none()),
            all: names(|_| true),
        };
        (package.name, member)
    };
    Ok(metadata.packages.into_iter().map(member).collect())
}

fn tree(name: &str, features: Features) -> anyhow::Result<Names> {
    let mut command = cargo(["tree", "--package", name, "--edges", "normal"]);
    command.args(["--prefix", "none", "--format", "{p}"]);
    let text = read(command.args(features.args()))?;
    Ok(text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|found| !found.is_empty() && *found != name)
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_parsed() {
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

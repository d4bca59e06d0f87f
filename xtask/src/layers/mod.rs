//! `cargo xtask layers`: checks the dependencies between the workspace's packages.

mod graph;
mod rules;

use anyhow::bail;

pub(crate) use rules::{ENGINE_CRATES, HOST_CRATE, PROVIDER_CRATES};

/// Fails if a rule is broken, and lists every violation.
pub(crate) fn run() -> anyhow::Result<()> {
    let graph = graph::Graph::read(&rules::restricted())?;
    let violations = rules::violations(&graph);
    if !violations.is_empty() {
        bail!("broken layer rules:\n  {}", violations.join("\n  "));
    }
    println!("all layer rules hold");
    Ok(())
}

//! `cargo xtask layers`: who may depend on whom.

mod graph;
mod rules;

use anyhow::bail;

pub(crate) use rules::SIDES;

/// Fails when a rule is broken, and names each that is.
pub(crate) fn run() -> anyhow::Result<()> {
    let found = rules::violations(&graph::Graph::read()?);
    if !found.is_empty() {
        bail!("the layers are broken:\n  {}", found.join("\n  "));
    }
    println!("the layers hold");
    Ok(())
}

//! A plan kept in a file, and whether it still holds.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::environment::Spec;
use crate::picture::Picture;

/// The form of the file.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    fingerprint: String,
    #[serde(flatten)]
    plan: &'a nex_plan::Linted,
}

#[derive(Deserialize)]
struct Kept {
    format: u32,
    environment: String,
    fingerprint: String,
}

/// Writes the plan whole or not at all.
pub(super) fn write(path: &Path, spec: &Spec, picture: &Picture) -> anyhow::Result<()> {
    let written = Written {
        format: FORMAT,
        fingerprint: picture.fingerprint(spec),
        plan: &picture.linted,
    };
    let text = serde_json::to_string_pretty(&written)?;
    let beside = path.with_extension("part");
    std::fs::write(&beside, text + "\n")
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("failed to write the plan to {}", path.display()))
}

/// Whether the plan in the file is the one that follows from the world as it is.
pub(super) fn still_holds(path: &Path, spec: &Spec, picture: &Picture) -> anyhow::Result<bool> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the plan in {}", path.display()))?;
    let kept: Kept = serde_json::from_str(&text)
        .with_context(|| format!("{} is no plan that `nex plan --out` wrote", path.display()))?;
    ensure!(
        kept.format == FORMAT,
        "{} has the form {}, this nex reads {FORMAT}: make the plan anew",
        path.display(),
        kept.format
    );
    ensure!(
        kept.environment == spec.name,
        "{} is a plan of {}, not of {}",
        path.display(),
        kept.environment,
        spec.name
    );
    Ok(kept.fingerprint == picture.fingerprint(spec))
}

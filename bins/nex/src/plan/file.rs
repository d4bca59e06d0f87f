//! A plan kept in a file.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use nex_plan::{Change, KeptPlan, Linted, Moved, PlanDocument, Planned, Renderer};
use serde::{Deserialize, Serialize};

use super::{Options, Proposal, Step};

/// The format of the file.
const FORMAT: u32 = 2;

#[derive(Serialize)]
struct Written {
    format: u32,
    #[serde(flatten)]
    options: Options,
    #[serde(flatten)]
    plan: PlanDocument,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A plan as it was read from its file.
#[derive(Deserialize)]
pub(crate) struct PlanFile {
    /// What the plan was made with.
    #[serde(flatten)]
    pub(crate) options: Options,
    #[serde(flatten)]
    plan: KeptPlan,
}

/// Writes the whole plan or nothing. Only the owner can read the file.
///
/// # Errors
/// If the file can't be written.
pub(crate) fn write(
    path: &Path,
    options: &Options,
    proposal: &Proposal,
    renderer: &Renderer<'_>,
) -> anyhow::Result<()> {
    let written = Written {
        format: FORMAT,
        options: options.with_images(proposal.images()),
        plan: renderer.document(&proposal.linted),
    };
    let text = serde_json::to_string_pretty(&written)? + "\n";
    persist(path, &text).with_context(|| format!("failed to write the plan to {}", path.display()))
}

/// Writes a temporary file with the mode 0600, which then replaces an older plan in one step.
fn persist(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

impl PlanFile {
    /// Reads a plan of the environment `environment`.
    ///
    /// # Errors
    /// If the file can't be read, is not a plan, or is a plan of another environment.
    pub(crate) fn read(path: &Path, environment: &str) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read the plan in {shown}"))?;
        let not_a_plan = || format!("{shown} is not a plan that `nex plan --out` wrote");
        let Format { format } = serde_json::from_str(&text).with_context(not_a_plan)?;
        ensure!(
            format == FORMAT,
            "{shown} has the format {format}, and this nex reads {FORMAT}: make the plan again"
        );
        let file: Self = serde_json::from_str(&text).with_context(not_a_plan)?;
        ensure!(
            file.plan.environment == environment,
            "{shown} is a plan of {}, not of {environment}",
            file.plan.environment
        );
        Ok(file)
    }

    /// Compares the file with a fresh plan: nothing may differ, in either direction.
    ///
    /// # Errors
    /// [`Outdated`] with what differs.
    pub(crate) fn compare(&self, fresh: &Linted<Step>) -> Result<(), Outdated> {
        let now: Vec<Change> = fresh.plan().entries.iter().map(Planned::change).collect();
        // Compared as they are written: the reason of a replacement is not part of a field's JSON.
        if serde_json::to_value(&self.plan.actions).ok() == serde_json::to_value(&now).ok() {
            return Ok(());
        }
        Err(Outdated(self.plan.clone().plan().moved(fresh.plan())))
    }
}

/// The file differs from the plan that follows from the current spec and environment.
#[derive(Debug, thiserror::Error)]
#[error("the plan no longer holds: {}", differences(.0))]
pub(crate) struct Outdated(Vec<Moved>);

fn differences(moved: &[Moved]) -> String {
    if moved.is_empty() {
        return "someone edited its actions".to_owned();
    }
    let differences: Vec<String> = moved.iter().map(Moved::to_string).collect();
    differences.join("; ")
}

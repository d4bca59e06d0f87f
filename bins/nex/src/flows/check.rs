//! `nex check`: what is wrong, then what is hazardous.

use serde::Serialize;

use super::load;
use crate::Exit;
use crate::environment::{self, Diagnostic, Invalid};
use crate::output::Output;

#[derive(Serialize)]
struct Findings {
    problems: Vec<Diagnostic>,
    hazards: Vec<nex_plan::Verdict>,
}

pub(super) fn run(env: &str, output: Output) -> anyhow::Result<Exit> {
    if output.json {
        return as_json(env, output);
    }
    let spec = load(env)?;
    let hazards = environment::hazards(&spec, None);
    for hazard in &hazards {
        output.data(&hazard.text(output.paint()));
    }
    output.data(&match hazards.len() {
        0 => format!("{env}: nothing is wrong, and there are no hazards"),
        1 => format!("{env}: nothing is wrong; 1 hazard"),
        n => format!("{env}: nothing is wrong; {n} hazards"),
    });
    Ok(exit(&hazards))
}

fn as_json(env: &str, output: Output) -> anyhow::Result<Exit> {
    let folder = std::env::current_dir()?;
    let (findings, exit) = match environment::load(env, &folder) {
        Ok((spec, _)) => {
            let hazards = environment::hazards(&spec, None);
            let exit = exit(&hazards);
            let problems = vec![];
            (Findings { problems, hazards }, exit)
        }
        Err(Invalid::Wrong { found, .. }) => {
            let (problems, hazards) = (found, vec![]);
            (Findings { problems, hazards }, Exit::Failed)
        }
        Err(other) => return Err(other.into()),
    };
    output.json(&findings)?;
    Ok(exit)
}

/// Hazards are warnings; only a refusal among them stops what comes next.
fn exit(hazards: &[nex_plan::Verdict]) -> Exit {
    match hazards.iter().any(|h| h.level == nex_plan::Level::Refusal) {
        true => Exit::Refused,
        false => Exit::Fine,
    }
}

//! `nex plan` and `nex dns plan`: read, compare, show.

use std::path::Path;

use nex_plan::Linted;

use crate::context::Context;
use crate::exit::Exit;
use crate::plan::{Options, Scope, Step, Target, file};
use crate::ui::plans::PlanView;

/// What to plan, and what to do with the plan.
pub(crate) struct Request<'a> {
    pub(crate) scope: Scope,
    /// What the plan is made with.
    pub(crate) options: Options,
    /// Whether the exit code says that the plan has changes.
    pub(crate) check: bool,
    /// The file to write the plan to.
    pub(crate) out: Option<&'a Path>,
    /// Whether every field is shown.
    pub(crate) full: bool,
}

impl Request<'_> {
    pub(crate) async fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        let target = Target::Build(self.scope);
        let proposal = context.propose(&target, &self.options).await?;
        let adopt = |kind: &str, id: &str| context.command("adopt", &[kind, id]);
        let view = PlanView::new(&adopt, &target, self.full);
        let view = view.with_edge_networks(&proposal.edge_networks);
        context.output.note(&proposal.head(context));
        view.show(&proposal.linted, context.output)?;
        if let Some(path) = self.out {
            view.render(|renderer| file::write(path, &self.options, &proposal, &renderer))?;
            let note = format!("the plan is in {}", path.display());
            context.output.note(&note);
        }
        Ok(if self.check {
            checked(&proposal.linted)
        } else {
            Exit::Fine
        })
    }
}

/// The exit code of `--check`.
fn checked(linted: &Linted<Step>) -> Exit {
    if linted.denials().next().is_some() {
        Exit::Refused
    } else if linted.plan().is_empty() {
        Exit::Fine
    } else {
        Exit::Changes
    }
}

//! Shows plans and findings, with remedies as commands and options of nex.

use std::collections::BTreeSet;

use nex_plan::{Allowance, Detail, Finding, Linted, NamedList, Paint, Remedy, Renderer, Step};

use super::output::Output;
use crate::plan::Target;

/// How plans and findings are shown.
pub(crate) struct PlanView<'a> {
    /// The command that adopts the resource of a kind with an id.
    adopt: &'a dyn Fn(&str, &str) -> String,
    /// Whether the plan deletes the environment.
    pub(crate) destroys: bool,
    /// Whether every field is shown.
    pub(crate) full: bool,
    /// The findings that the operator allows.
    pub(crate) allow: BTreeSet<Allowance>,
    /// Lists that the short form folds into one line.
    pub(crate) lists: Vec<NamedList>,
}

impl<'a> PlanView<'a> {
    /// The view of plans for `target`.
    pub(crate) fn new(
        adopt: &'a dyn Fn(&str, &str) -> String,
        target: &Target,
        full: bool,
    ) -> Self {
        Self {
            adopt,
            destroys: matches!(target, Target::Destroy(_)),
            full,
            allow: BTreeSet::new(),
            lists: vec![],
        }
    }

    /// The same view for an operator who allows these findings.
    #[must_use]
    pub(crate) fn with_allowed(mut self, allow: &BTreeSet<Allowance>) -> Self {
        self.allow.clone_from(allow);
        self
    }

    /// The same view, with the rules for Cloudflare's networks folded.
    #[must_use]
    pub(crate) fn with_edge_networks(mut self, networks: &[String]) -> Self {
        self.lists = vec![NamedList {
            name: "networks of Cloudflare".to_owned(),
            items: networks.iter().cloned().collect(),
        }];
        self
    }

    /// Shows a plan as text or JSON.
    ///
    /// # Errors
    /// If the plan has no JSON form, which is a defect.
    pub(crate) fn show<S: Step>(&self, linted: &Linted<S>, output: Output) -> anyhow::Result<()> {
        self.render(|renderer| {
            if output.json {
                output.json(&renderer.document(linted))
            } else {
                output.data(&renderer.linted(linted))
            }
        })
    }

    /// Calls `with` with the renderer. The output removes unwanted colours.
    pub(crate) fn render<T>(&self, with: impl FnOnce(Renderer<'_>) -> T) -> T {
        let remedy = |finding: &Finding| self.remedy(finding);
        with(Renderer {
            detail: if self.full {
                Detail::Full
            } else {
                Detail::Compact(&self.lists)
            },
            paint: Paint::Ansi,
            remedy: &remedy,
            allow: &self.allow,
        })
    }

    /// The remedy of a finding, as a command or an option if possible.
    fn remedy(&self, finding: &Finding) -> String {
        let subject = finding.allowance();
        match &finding.remedy {
            Remedy::Allow if self.destroys => format!("confirm with --allow '{subject}'"),
            Remedy::Allow => {
                format!("change the spec back, or allow the change with --allow '{subject}'")
            }
            Remedy::Adopt { kind, id } if self.destroys => {
                format!(
                    "leave it to its owner with --allow '{subject}', or adopt it with: {}",
                    (self.adopt)(kind, id)
                )
            }
            Remedy::Adopt { kind, id } => format!("adopt it with: {}", (self.adopt)(kind, id)),
            remedy @ (Remedy::Edit { .. } | Remedy::Text(_)) => remedy.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use nex_plan::{ResourceId, Severity};

    use super::*;
    use crate::plan::Scope;

    fn remedy(target: &Target, remedy: Remedy) -> String {
        let id = ResourceId::new("instance", "nex-staging-gitlab");
        let finding = Finding::new(Severity::Deny, "code", id, "message", remedy);
        let adopt = |kind: &str, id: &str| format!("nex adopt staging {kind} {id}");
        PlanView::new(&adopt, target, false).remedy(&finding)
    }

    #[test]
    fn a_remedy_names_the_environment_and_the_option_of_the_command_that_runs() {
        let build = Target::Build(Scope::All);
        let destroy = Target::Destroy(Scope::All);
        let adopt = || Remedy::Adopt {
            kind: "instance",
            id: "i-1".to_owned(),
        };
        assert_eq!(
            remedy(&build, adopt()),
            "adopt it with: nex adopt staging instance i-1"
        );
        assert_eq!(
            remedy(&build, Remedy::Allow),
            "change the spec back, or allow the change with --allow 'code:instance nex-staging-gitlab'"
        );
        assert_eq!(
            remedy(&destroy, Remedy::Allow),
            "confirm with --allow 'code:instance nex-staging-gitlab'"
        );
    }
}

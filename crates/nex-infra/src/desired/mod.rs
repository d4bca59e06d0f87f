//! What a spec asks for, as resources: a pure function of the spec, of what was looked up, and of what other crates render.

mod fleet;
mod server;

use crate::facts::{Facts, Inputs};
use crate::model::{Desired, DesiredResource, Observed};
use crate::names::{Component, Names, Tags};
use crate::policy::Scope;
use crate::spec::Spec;

/// The resources that `spec` asks for. `observed` counts only where Cloudflare's networks can't be read: then the rules
/// that exist are kept.
pub fn desired(
    spec: &Spec,
    names: &Names,
    facts: &Facts,
    inputs: &Inputs,
    observed: &Observed,
) -> Desired {
    let builder = DesiredBuilder {
        spec,
        names,
        facts,
        inputs,
        observed,
        scope: Scope {
            partition: facts.partition.clone(),
            region: facts.region.clone(),
            account: facts.account.clone(),
        },
    };
    let mut resources: Vec<DesiredResource> = builder.server();
    if let Some(fleet) = &spec.fleet {
        resources.extend(builder.fleet(fleet));
    }
    resources.into_iter().map(|r| (r.key(), r)).collect()
}

/// Everything that the desired state of a resource may depend on.
struct DesiredBuilder<'a> {
    spec: &'a Spec,
    names: &'a Names,
    facts: &'a Facts,
    inputs: &'a Inputs,
    observed: &'a Observed,
    scope: Scope,
}

impl DesiredBuilder<'_> {
    fn tags(&self, component: Component) -> Tags {
        self.names.tags(component, &self.spec.tags)
    }

    /// The tags of a resource whose only name is its tag `Name`.
    fn named_tags(&self, component: Component, name: &str) -> Tags {
        let mut tags = self.tags(component);
        tags.insert("Name".into(), name.into());
        tags
    }
}

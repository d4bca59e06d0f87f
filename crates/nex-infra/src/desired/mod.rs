//! What a spec asks for, as resources: a pure function of the spec, the facts and the rendered scripts.

mod fleet;
mod server;
mod shared;

use crate::facts::{Boot, Facts};
use crate::model::{Desired, Resource};
use crate::names::{Component, Names, Tags};
use crate::policy::Scope;
use crate::spec::Spec;

pub use shared::Layout;

/// What `spec` asks for.
pub fn desired(spec: &Spec, names: &Names, facts: &Facts, boot: &Boot) -> Desired {
    let ground = Ground {
        spec,
        names,
        facts,
        boot,
        layout: Layout::new(spec, names),
        scope: Scope {
            partition: facts.partition.clone(),
            region: facts.region.clone(),
            account: facts.account.clone(),
        },
    };
    let mut resources: Vec<Resource> = ground.server();
    if let Some(fleet) = &spec.fleet {
        resources.extend(ground.fleet(fleet));
    }
    resources.into_iter().map(|r| (r.key(), r)).collect()
}

/// All that a resource's desired state may depend on.
struct Ground<'a> {
    spec: &'a Spec,
    names: &'a Names,
    facts: &'a Facts,
    boot: &'a Boot,
    layout: Layout,
    scope: Scope,
}

impl Ground<'_> {
    fn tags(&self, component: Component) -> Tags {
        self.names.tags(component, &self.spec.tags)
    }

    /// The tags of what has no name of its own but its tag `Name`.
    fn named_tags(&self, component: Component, name: &str) -> Tags {
        let mut tags = self.tags(component);
        tags.insert("Name".into(), name.into());
        tags
    }
}

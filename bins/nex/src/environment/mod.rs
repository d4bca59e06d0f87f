//! An environment's file: its sections, its problems, and the findings about it.

mod diagnostic;
mod findings;
mod load;
mod schema;
mod spans;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use diagnostic::{Diagnostic, Excerpt, Position};
pub use findings::findings;
pub(crate) use findings::{denials, plan_findings};
pub use load::{Invalid, Loaded, load};
pub use schema::schema;

/// An environment. Each section is the type of the crate that uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The environment's name, as in `environments/NAME.toml` and in the names of its resources.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{0,19}$"))]
    pub name: String,
    /// The first part of the names of resources, before the environment's name.
    #[serde(default = "default_prefix")]
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{0,19}$"))]
    pub prefix: String,
    /// AWS: network, server, storage, fleet.
    pub aws: nex_infra::Spec,
    /// The GitLab server's configuration.
    pub gitlab: nex_gitlab::Spec,
    /// The runners' configuration.
    #[serde(default)]
    pub runner: nex_runner::Spec,
    /// Cloudflare: zone, records, settings, certificates.
    pub dns: nex_dns::Spec,
}

fn default_prefix() -> String {
    "nex".into()
}

impl Spec {
    /// The names of the environment's resources.
    pub fn names(&self) -> nex_infra::Names {
        nex_infra::Names::new(&self.prefix, &self.name).with_paths(&self.aws.names)
    }
}

/// The hosts that people use, each with the field that gives its name.
fn hosts(spec: &Spec) -> [(&'static str, &str); 3] {
    let hosts = spec.gitlab.hosts();
    [
        ("gitlab.url", hosts.web),
        ("gitlab.registry_url", hosts.registry),
        ("gitlab.ssh_host", hosts.ssh),
    ]
}

/// Whether the field at `path` is in a section.
pub(crate) fn is_in_section(path: &str, section: &str) -> bool {
    let rest = path.strip_prefix(section);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

//! An environment's file: its sections, how it is read, and what is said of it when it is wrong.

mod check;
mod diagnostic;
mod load;
mod schema;
mod spans;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::hazards;
pub use diagnostic::{Diagnostic, Position};
pub use load::{Invalid, load};
pub use schema::schema;

/// The whole of an environment. Each section is its crate's own type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The environment's name, as in `environments/NAME.toml` and in the names of its resources.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{0,19}$"))]
    pub name: String,
    /// What the names of resources start with, before the environment's name.
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
        nex_infra::Names::new(&self.prefix, &self.name)
    }
}

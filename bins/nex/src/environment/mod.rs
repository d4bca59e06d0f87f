//! An environment's file: its sections, its problems, and the findings about it.

mod diagnostic;
mod findings;
mod load;
mod place;
mod schema;
mod sections;
mod spans;
mod user_data;
mod validate;

use nex_dns::spec::{Record, RecordType};

pub use diagnostic::{Diagnostic, Excerpt, Position};
pub use findings::findings;
pub(crate) use findings::{denials, plan_findings};
pub use load::{Invalid, Loaded, load};
pub use schema::schema;

/// An environment: what runs on AWS, a zone at Cloudflare, or both. [`load`] refuses a file with neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The environment's name, as in `environments/NAME.toml` and in the names of its resources.
    pub name: String,
    /// The first part of the names of resources, before the environment's name.
    pub prefix: String,
    /// What runs on AWS; `None` for a zone alone.
    pub hosting: Option<Hosting>,
    /// Cloudflare: zone, records, settings, certificates; `None` if someone else manages the zone.
    pub dns: Option<nex_dns::Spec>,
}

/// What runs on AWS. Each section is the type of the crate that uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosting {
    /// AWS: network, server, storage, fleet.
    pub aws: nex_infra::Spec,
    /// The GitLab server's configuration.
    pub gitlab: nex_gitlab::Spec,
    /// The runners' configuration.
    pub runner: nex_runner::Spec,
}

fn default_prefix() -> String {
    "nex".into()
}

impl Spec {
    /// The names of the environment's resources.
    pub fn names(&self) -> nex_infra::Names {
        let names = nex_infra::Names::new(&self.prefix, &self.name);
        match &self.hosting {
            Some(hosting) => names.with_paths(&hosting.aws.names),
            None => names,
        }
    }

    /// Whether visitors may reach the server through Cloudflare's proxies.
    pub(crate) fn may_be_proxied(&self) -> bool {
        let lets_in = |hosting: &Hosting| hosting.aws.uses_edge_networks();
        self.dns.is_some() || self.hosting.as_ref().is_some_and(lets_in)
    }

    /// Whether nex puts an origin certificate into the server's secret.
    pub(crate) fn issues_certificates(&self) -> bool {
        let issues = |dns: &nex_dns::Spec| !dns.certificates.is_empty();
        self.dns.as_ref().is_some_and(issues)
    }
}

/// The hosts that people use, each with the field that gives its name.
fn hosts(gitlab: &nex_gitlab::Spec) -> [(&'static str, &str); 3] {
    let hosts = gitlab.hosts();
    [
        ("gitlab.url", hosts.web),
        ("gitlab.registry_url", hosts.registry),
        ("gitlab.ssh_host", hosts.ssh),
    ]
}

/// Whether a record gets the server's address.
pub(crate) fn points_at_server(record: &Record) -> bool {
    record.kind == RecordType::A && record.content.is_none()
}

/// Whether the field at `path` is in a section.
pub(crate) fn is_in_section(path: &str, section: &str) -> bool {
    let rest = path.strip_prefix(section);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

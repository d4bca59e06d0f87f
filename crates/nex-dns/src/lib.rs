//! Keeps a Cloudflare zone as its spec says: records, zone settings and Origin CA certificates. The crate knows nothing
//! about AWS or GitLab.
//!
//! Four calls do all of it: [`ZoneManager::new`], [`ZoneManager::read`], [`ZoneSnapshot::plan`] with its approval, and
//! [`ZoneManager::apply`]. `examples/keep_record.rs` keeps one record, `examples/zone_with_certificate.rs` a zone with
//! a certificate and stores the certificate's key in a file.
//!
//! | module | contents |
//! |---|---|
//! | [`spec`] | the section `[dns]`, with [`Spec::validate`] and [`Spec::warnings`] |
//! | [`record`], [`zone`], [`name`] | records and zones in canonical form |
//! | [`certificate`] | the content of a certificate's secret, and the traits of the place that stores secrets |
//! | [`step`] | the steps of a plan for a zone |
//! | [`ports`] | the traits between the pure part and Cloudflare |
//! | `client` | Cloudflare's API |
//! | [`import`](mod@import) | an existing zone as a spec |
//! | [`edge`] | the networks of Cloudflare's proxies |
//!
//! Features: `engine` executes plans, `client` (on by default) adds Cloudflare's API. Without them the crate compares
//! and plans, without network code or tokio.
//!
//! ```
//! use nex_dns::spec::Hosts;
//! use nex_dns::zone::Zone;
//! use nex_dns::{Goal, Spec, ZoneSnapshot};
//! use nex_plan::Renderer;
//!
//! let spec: Spec = toml::from_str(r#"
//!     zone = "example.com"
//!
//!     [[records]]
//!     type = "A"                      # without content: the server's address
//!     name = "registry"
//!     proxied = true
//! "#)?;
//! let hosts = Hosts { registry_host: Some("registry.example.com"), ssh_host: None };
//! assert_eq!(spec.warnings(hosts)[0].code, "registry-body-limit");
//!
//! let zone = Zone::default(); // `manager.read().await?` reads a real one
//! let now = time::OffsetDateTime::now_utc();
//! let snapshot = ZoneSnapshot::new(&spec, "nex-staging", zone, Default::default(), now)?;
//! let linted = snapshot.plan(&Goal::Spec { address: Some("203.0.113.7".parse()?) });
//! let text = Renderer::plain().linted(&linted);
//! assert!(text.contains("create  dns-record registry.example.com A"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adoption;
pub mod certificate;
mod change;
#[cfg(feature = "client")]
pub mod client;
mod desired;
mod diff;
pub mod edge;
#[cfg(feature = "engine")]
mod engine;
mod ids;
pub mod import;
mod lint;
#[cfg(feature = "engine")]
mod manager;
pub mod name;
mod ownership;
pub mod ports;
pub mod record;
mod resolve;
mod setting;
mod snapshot;
pub mod spec;
mod taken;
mod validate;
mod warnings;
pub mod zone;

#[cfg(feature = "client")]
pub use client::Client;
pub use ids::{CertificateId, RecordId, ZoneId};
#[cfg(feature = "engine")]
pub use manager::{ZoneError, ZoneManager};
pub use ownership::mark;
pub use setting::Setting;
pub use snapshot::{Adoption, Adoptions, Goal, ZoneSnapshot};
pub use spec::Spec;
pub use step::ZoneStep;

/// The steps of a plan for a zone.
pub mod step {
    pub use crate::certificate::{CertificateStep, Revocation};
    pub use crate::change::{
        DeferredRecord, RECORD, RecordChange, RecordStep, SettingStep, ZoneStep,
    };
    pub use crate::snapshot::LintContext;
}

//! A zone at Cloudflare as a spec: its records, settings and Origin CA certificates, checked before anything is
//! called, with names in the form in which Cloudflare gives them back. Knows nothing of AWS or GitLab; no I/O.
//!
//! - [`Spec`] is the section `[dns]` of an environment's file. [`Spec::problems`] finds what Cloudflare would
//!   refuse or silently not do, [`Spec::hazards`] what works otherwise than one may think.
//! - [`canonical`] and [`Spec::names`] give full, lower-case, punycode names.
//! - [`edge::built_in`] lists the networks that Cloudflare's proxies connect from.
//!
//! ```
//! use nex_dns::{Hosts, Spec};
//!
//! let spec: Spec = toml::from_str(r#"
//!     zone = "example.com"
//!
//!     [[records]]
//!     type = "A"                      # without content: the server's address
//!     name = "registry"
//!     proxied = true
//! "#)?;
//! assert!(spec.problems().is_empty());
//! assert!(spec.names().contains("registry.example.com"));
//!
//! let hosts = Hosts { registry_host: Some("registry.example.com"), ssh_host: None };
//! assert_eq!(spec.hazards(hosts)[0].code, "registry-body-limit");
//! # Ok::<(), toml::de::Error>(())
//! ```

pub mod edge;
mod hazards;
mod name;
mod problems;
mod spec;

pub use hazards::Hosts;
pub use name::{NameError, canonical, canonical_zone, full};
pub use spec::{
    AUTOMATIC_TTL, Certificate, KeyType, Limits, Record, RecordKind, Settings, Spec, Ssl,
    SslAutomaticMode, TlsVersion, VALIDITIES, ZonePlan,
};

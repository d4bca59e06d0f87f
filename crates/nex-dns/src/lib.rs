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

#[cfg(feature = "client")]
mod apply;
#[cfg(feature = "client")]
mod batch;
pub mod certificate;
#[cfg(feature = "client")]
mod client;
mod desired;
mod diff;
pub mod edge;
mod hazards;
pub mod import;
mod io;
mod lint;
mod name;
mod owner;
mod problems;
mod record;
mod setting;
mod spec;
#[cfg(feature = "client")]
mod text;
mod zone;

#[cfg(feature = "client")]
pub use apply::{ApplyError, Failed, Outcome, apply};
pub use certificate::{LiveCertificate, SecretSink};
#[cfg(feature = "client")]
pub use client::{
    Answer, ApiError, BASE_ADDRESS, Client, Error, List, PageInfo, Refusal, Retries, Source,
};
pub use desired::Desired;
pub use diff::{Do, RECORD, SETTING, Step, diff};
pub use hazards::Hosts;
pub use io::{Ask, Class, Failure, Read, Write};
pub use lint::lint;
pub use name::{NameError, canonical, canonical_zone, full};
pub use owner::mark;
pub use record::{Entry, content};
pub use setting::Setting;
pub use spec::{
    AUTOMATIC_TTL, Certificate, KeyType, Limits, Record, RecordKind, Settings, Spec, Ssl,
    SslAutomaticMode, TlsVersion, VALIDITIES, ZonePlan,
};
pub use zone::{Existing, Zone};

//! A zone at Cloudflare kept as its spec says: records, zone settings and Origin CA certificates. Knows nothing of AWS
//! or GitLab; `examples/keep_record.rs` is a whole tool in 40 lines.
//!
//! `read -> desired -> diff -> lint -> (ask) -> apply -> read back`:
//!
//! - [`Spec`] is the section `[dns]` of an environment's file. [`Spec::problems`] finds what Cloudflare would refuse or
//!   silently not do, [`Spec::hazards`] what works otherwise than one may think. [`import`](mod@import) writes a zone
//!   that is there as a spec.
//! - [`Desired::of`] is what a spec asks for, in canonical form. [`diff`](fn@diff) and [`lint`](fn@lint) compare it with
//!   a [`Zone`] that was read: pure functions.
//! - [`Client`] is Cloudflare's API behind the trait [`Read`], its [`Writer`] behind [`Write`]. [`apply`](fn@apply) does what an approved
//!   plan says, and reads back.
//! - [`certificate`] gets certificates into a [`SecretSink`] of the caller's, through crashes and races.
//! - [`edge`] lists the networks that Cloudflare's proxies connect from.
//!
//! Without the default feature `client` there is neither network code nor tokio in it.
//!
//! ```
//! use nex_dns::{Desired, Hosts, Spec, Zone, diff, lint};
//! use nex_plan::Paint;
//!
//! let spec: Spec = toml::from_str(r#"
//!     zone = "example.com"
//!
//!     [[records]]
//!     type = "A"                      # without content: the server's address
//!     name = "registry"
//!     proxied = true
//! "#)?;
//! assert!(spec.problems("staging").is_empty());
//! let hosts = Hosts { registry_host: Some("registry.example.com"), ssh_host: None };
//! assert_eq!(spec.hazards(hosts)[0].code, "registry-body-limit");
//!
//! let desired = Desired::of(&spec, "staging", Some("203.0.113.7".parse()?)).expect("a sound spec");
//! let zone = Zone::default(); // `client.zone(&desired.ask()).await?`
//! let plan = diff(&desired, &zone).linted(lint(&desired, &zone));
//! assert!(plan.text(Paint::Plain).contains("create  dns-record registry.example.com A"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
#[cfg(feature = "client")]
mod apply;
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
mod zone;

#[cfg(feature = "client")]
pub use apply::{ApplyError, Failed, Outcome, apply};
pub use certificate::{LiveCertificate, SecretSink, SecretSource};
#[cfg(feature = "client")]
pub use client::{
    Answer, ApiError, BASE_ADDRESS, Client, Error, List, PageInfo, Refusal, Retries, Source, Writer,
};
pub use desired::Desired;
pub use diff::{Adoption, Do, RECORD, SETTING, Step, adoption, diff};
pub use hazards::Hosts;
pub use io::{Ask, Failure, Read, Write};
pub use lint::lint;
pub use name::{NameError, canonical, canonical_zone, full};
pub use nex_plan::Class;
pub use owner::mark;
pub use record::{Content, Entry, content};
pub use setting::Setting;
pub use spec::{
    AUTOMATIC_TTL, Certificate, KeyType, Limits, MOST_HOSTNAMES, Record, RecordKind, Settings,
    Spec, Ssl, SslAutomaticMode, TlsVersion, VALIDITIES, ZonePlan,
};
pub use zone::{Existing, Zone};

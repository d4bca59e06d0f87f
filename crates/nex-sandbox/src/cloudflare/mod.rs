//! An emulator of Cloudflare's API v4. It keeps its state in this process.
//!
//! The emulator has one account with the zone of the reference deployment: tokens with scopes,
//! records, settings, and an Origin CA that signs real certificates. It refuses what Cloudflare
//! refuses, with Cloudflare's error codes. Where Cloudflare documents a refusal without its code,
//! the code here is a guess and a comment says so: clients must not depend on it.
//!
//! The control API changes what the API itself cannot change ([`control`]):
//!
//! | call | effect |
//! |---|---|
//! | `GET /_sandbox/cloudflare/ca` | returns the root certificate of the Origin CA in PEM |
//! | `GET`, `PATCH /_sandbox/cloudflare/config` | returns the [`config::Config`]; PATCH changes the given fields |
//! | `POST /_sandbox/cloudflare/tokens` | `{"scopes": ["dns:edit"], "token"?, "of_account"?}` adds a token and returns it |
//! | `POST /_sandbox/cloudflare/records` | `{"zone": ID, "record", "meta"}` adds a record as another product does: `meta` is `{"read_only": true, "origin_worker_id": ID}` for Workers, `{"read_only": true, "email_routing": true}` for Email Routing |
//! | `POST /_sandbox/cloudflare/zones` | `{"name", "plan"?}` adds a zone with the plan `free` or `pro` and returns its id |
//!
//! Modules, each of which imports only those above it: [`envelope`], [`timestamp`], [`name`],
//! [`plan`] and [`config`]; [`content`], [`record`], [`settings`], [`certificate`], [`token`] and
//! [`zone`]; [`account`]; the operations in [`zones`], [`records`] and [`certificates`]; [`api`];
//! [`control`] and [`sandbox`].

mod account;
mod api;
mod authority;
mod certificate;
mod certificates;
mod config;
mod content;
mod control;
mod envelope;
mod name;
mod networks;
mod paging;
mod plan;
mod record;
mod records;
mod refusal;
mod route;
mod sandbox;
mod seed;
mod settings;
mod timestamp;
mod token;
mod zone;
mod zones;

pub(crate) use api::{Cloudflare, base_url, env};
pub use sandbox::CloudflareSandbox;
pub use seed::ZoneSeed;

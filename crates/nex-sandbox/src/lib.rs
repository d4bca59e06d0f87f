//! AWS and Cloudflare emulators on loopback, with fault injection, for testing nex.
//!
//! The AWS emulator is [moto](https://github.com/getmoto/moto). It runs in a Python environment
//! with pinned and hashed packages, which the sandbox installs in the target folder. The Python
//! files in `moto/` fix moto at run time where it differs from AWS in a way that matters to nex.
//! They also seed it with the resources that the reference deployment expects: a network, a
//! database, the nodes of a cluster, and a bucket.
//!
//! A gateway in front of moto finds the service and the operation of each call and keeps a journal.
//! A [`Rule`] makes it delay a call, throttle it, refuse it with a chosen error, or fail it before or
//! after moto executes it.
//!
//! moto shows every change at once, unlike AWS. With [`Sandbox::set_lag`], lists answer from the
//! past, and some changes take effect later.
//!
//! S3 also speaks TLS on a port of its own ([`Endpoints::s3`]), with a certificate authority that each
//! start creates. Over plain HTTP, a bucket whose policy demands TLS refuses a call.
//!
//! The gateways answer calls to `127.0.0.1` and `localhost` only, and the control API none that a web
//! page makes.
//!
//! In a test, a sandbox runs until its value is dropped:
//!
//! ```no_run
//! use nex_sandbox::{Fault, Loss, Rule, Sandbox, SandboxOptions};
//!
//! # async fn example() -> Result<(), nex_sandbox::SandboxError> {
//! let sandbox = Sandbox::start(SandboxOptions::default()).await?;
//! // AWS executes the third mutating call, but the client does not receive the answer.
//! sandbox.add_rule(Rule::new(Fault::FailAfter { how: Loss::Drop }).mutating().nth(3).times(1));
//! // ... configure an SDK with `sandbox.endpoint()` and the variables of `sandbox.env()` ...
//! for call in sandbox.calls() {
//!     println!("{} {} {:?}", call.number, call.operation, call.status);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The Cloudflare emulator has its own gateway on another port ([`Sandbox::cloudflare_url`]). It has
//! a zone with records of other owners, settings, tokens, and an Origin CA that signs real
//! certificates. The same rules and the same journal apply to it, with the service name
//! `cloudflare`. [`CloudflareSandbox`] is this emulator without AWS.
//!
//! In a terminal, `nex-sandbox up` starts a sandbox in the background, `eval "$(nex-sandbox env)"`
//! points the `aws` command and nex at it, and `nex-sandbox down` ends it and removes its files
//! ([`daemon`]).
//!
//! # The control API
//!
//! Both gateways serve the control API. Its bodies are JSON.
//!
//! | call | effect |
//! |---|---|
//! | `GET /_sandbox/health` | returns `{"pid", "uptime_ms"}` |
//! | `GET /_sandbox/rules` | returns the rules, each with its `id` and how often it `matched` and `fired` |
//! | `POST /_sandbox/rules` | adds one [`Rule`] or a list, and returns `{"ids": [..]}` |
//! | `DELETE /_sandbox/rules`, `DELETE /_sandbox/rules/ID` | removes all rules, or one |
//! | `GET /_sandbox/calls` | returns the journal, a list of [`CallRecord`] |
//! | `DELETE /_sandbox/calls` | clears the journal; the next call has the number 1 |
//! | `GET`, `PUT /_sandbox/delay` | `{"ms": 25}`: the delay of every call in milliseconds |
//! | `GET`, `PUT /_sandbox/lag` | `{"ms": 2000}`: how long AWS takes to show a change everywhere ([`Sandbox::set_lag`]) |
//! | `POST /_sandbox/shutdown` | ends the sandbox |
//! | `GET /_sandbox/cloudflare/ca` | returns the root certificate of the Origin CA in PEM |
//! | `GET`, `PATCH /_sandbox/cloudflare/config` | `{"record_quota": null, "rate_limit": 1200, "rate_window_s": 300, "expires_on": "rfc3339"}` (or `"go"`) |
//! | `POST /_sandbox/cloudflare/tokens` | `{"scopes": ["zone:read", "dns:edit"]}` adds a token and returns it; other scopes are `ssl:` and `settings:` with `read` or `edit` |
//! | `POST /_sandbox/cloudflare/records` | `{"zone": ID, "record": {..}, "meta": {"read_only": true}}` adds a record that another product of Cloudflare's keeps, and returns it; with `"origin_worker_id"` in `meta`, Workers keeps it |
//! | `POST /_sandbox/cloudflare/zones` | `{"name": "example.net", "plan": "pro"}` adds a zone and returns its id |

mod backend;
mod call;
mod cloudflare;
mod control;
pub mod daemon;
mod dirs;
mod endpoints;
mod error;
mod gateway;
mod guard;
mod journal;
mod moto;
mod refusal;
mod response;
mod rules;
mod sandbox;
mod shared;
mod tls;
mod venv;

pub use call::Call;
pub use cloudflare::{CloudflareSandbox, ZoneSeed};
pub use dirs::default_dir;
pub use endpoints::Endpoints;
pub use error::SandboxError;
pub use journal::CallRecord;
pub use rules::{ActiveRule, Fault, Loss, Rule};
pub use sandbox::{ACCOUNT, REGION, Sandbox, SandboxOptions};

//! A cloud on loopback: AWS as nex meets it, in one process, to try everything against.
//!
//! A gateway in front of [moto](https://github.com/getmoto/moto), which lives in a Python
//! environment that the sandbox makes itself under the target folder (pinned and hashed).
//! moto is mended in process where it does not behave like AWS for this system (the Python files
//! in `moto/` say what, one file a subject), and seeded with what the reference deployment takes
//! for given: a network, a database, a cluster's nodes, a shared bucket.
//! The gateway understands which service and operation a call is for, writes it down, and can
//! delay it, fail it before or after the server acted, or throttle it, by [`Rule`].
//!
//! In a test, a sandbox lives as long as its value:
//!
//! ```no_run
//! use nex_sandbox::{Fault, Loss, Rule, Sandbox, SandboxOptions};
//!
//! # async fn example() -> Result<(), nex_sandbox::SandboxError> {
//! let sandbox = Sandbox::start(SandboxOptions::default()).await?;
//! // The server acts on the third mutating call, and its answer is lost.
//! sandbox.add_rule(Rule::new(Fault::FailAfter { how: Loss::Drop }).mutating().nth(3).times(1));
//! // ... point an SDK at `sandbox.endpoint()` with the variables of `sandbox.env()` ...
//! for call in sandbox.calls() {
//!     println!("{} {} {:?}", call.number, call.operation, call.status);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Beside it, on a port of its own, stands a stand-in for Cloudflare's API ([`Sandbox::cloudflare_url`]):
//! a zone with foreign records in it, settings, tokens, and an Origin CA that really signs. It is
//! under the same rules, as the service `cloudflare`, and in the same record of calls. Alone, it is
//! a [`CloudflareSandbox`].
//!
//! From a terminal, `nex-sandbox up` leaves one running between commands, `eval "$(nex-sandbox env)"`
//! points the `aws` command and nex at it, and `nex-sandbox down` leaves nothing behind ([`daemon`]).
//!
//! # The control API
//!
//! On either port, in JSON:
//!
//! | call | does |
//! |---|---|
//! | `GET /_sandbox/health` | `{"pid", "uptime_ms"}` |
//! | `GET /_sandbox/rules` | the rules, each with its `id`, how often it `matched` and `fired` |
//! | `POST /_sandbox/rules` | adds one [`Rule`] or a list: `{"ids": [..]}` |
//! | `DELETE /_sandbox/rules`, `DELETE /_sandbox/rules/ID` | clears them, or one |
//! | `GET /_sandbox/calls` | every call so far ([`CallRecord`]) |
//! | `DELETE /_sandbox/calls` | forgets them and counts from 1 again |
//! | `GET`, `PUT /_sandbox/delay` | `{"ms": 25}`: added to every call |
//! | `POST /_sandbox/shutdown` | ends the sandbox |
//! | `GET /_sandbox/cloudflare/ca` | the Origin CA's root certificate in PEM |
//! | `GET`, `PATCH /_sandbox/cloudflare/config` | `{"record_quota": null, "rate_limit": 1200, "rate_window_s": 300, "expires_on": "rfc3339"}` (or `"go"`) |
//! | `POST /_sandbox/cloudflare/tokens` | `{"scopes": ["zone:read", "dns:edit"]}` adds a token and gives it; also `ssl:`, `settings:` with `read` or `edit` |
//! | `POST /_sandbox/cloudflare/zones` | `{"name": "example.net", "plan": "pro"}` adds a zone and gives its id |

mod backend;
mod call;
mod cloudflare;
mod control;
pub mod daemon;
mod dirs;
mod error;
mod gateway;
mod journal;
mod moto;
mod refusal;
mod response;
mod rules;
mod sandbox;
mod shared;
mod venv;

pub use call::Call;
pub use cloudflare::{CloudflareSandbox, ZoneSeed};
pub use dirs::default_dir;
pub use error::SandboxError;
pub use journal::CallRecord;
pub use rules::{ActiveRule, Fault, Loss, Rule};
pub use sandbox::{ACCOUNT, REGION, Sandbox, SandboxOptions, aws_env, cloudflare_env};

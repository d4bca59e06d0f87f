//! The GitLab runner on the hosts of a fleet: its spec, its `config.toml`, and the user data that turns a plain
//! Amazon Linux 2023 instance into a runner. Everything is a pure function of values: no I/O, no network, no clock.
//!
//! - [`Spec`] is the section `[runner]` of an environment's file. [`Spec::validate`] finds what would not work,
//!   [`Spec::warnings`] what works otherwise than one may think, on hosts of a given size.
//! - [`Inputs`] are the names and addresses that the cloud's side gives.
//! - [`files`] renders all that lies on a host, [`user_data`] the script that puts it there.
//!
//! ```
//! use nex_runner::{HostSize, Inputs, LogGroups, Spec};
//!
//! let spec = Spec { concurrent: 4, ..Spec::default() };
//! let inputs = Inputs {
//!     environment: "staging".into(),
//!     region: "eu-west-3".into(),
//!     gitlab_url: "https://gitlab.example.com".into(),
//!     token_secret: "nex/gitlab-runner/registration-token".into(),
//!     cache_bucket: "example-cache".into(),
//!     log_groups: LogGroups { runner: "/example/runner".into(), system: "/example/system".into() },
//!     group_name: "example-runner".into(),
//! };
//! let files = nex_runner::files(&spec, &inputs);
//! assert!(files["config.toml"].contains("concurrent = 4"));
//! assert!(nex_runner::user_data(&spec, &inputs)?.starts_with("#!/bin/bash"));
//!
//! let small = HostSize { vcpus: 2, memory_mib: 8192 };
//! assert_eq!(spec.warnings(small)[0].code, "memory-overcommitted");
//! # Ok::<(), nex_runner::Error>(())
//! ```
//!
//! # On the host
//! The host fetches the runner's token from Secrets Manager by its role, so neither user data nor any file in this
//! crate's output holds it. `gitlab-runner-configure` puts token and host name into `/etc/nex/config.toml`, and
//! writes `/etc/gitlab-runner/config.toml` for root only.
//!
//! User data runs its steps apart from one another: a step that fails is reported, and the rest still runs. What
//! came of it stands in `/var/lib/nex/bootstrap.status` (`step NAME ok|failed` lines and a last line `state
//! ready|degraded|failed`), and on the console as a line that starts with `nex-bootstrap:`. The script exits 0 only
//! when it is `ready`; a second run changes nothing that is right.

mod config;
mod files;
mod inputs;
mod render;
mod spec;
mod units;
mod user_data;
mod validate;
mod warnings;

pub use config::{HOSTNAME, TOKEN, config_toml};
pub use inputs::{Inputs, LogGroups};
pub use render::{Error, USER_DATA_LIMIT, files, user_data};
pub use spec::{Cache, Cleanup, Docker, PullPolicy, Spec};
pub use warnings::HostSize;

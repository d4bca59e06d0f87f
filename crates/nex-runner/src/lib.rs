//! The GitLab runner on the hosts of a fleet: its spec, its `config.toml`, and the user data that turns a plain
//! Amazon Linux 2023 instance into a runner. Rendering is pure and deterministic: no I/O, no clock, no network.
//!
//! - [`Spec`] is the `[runner]` section of an environment. [`Spec::validate`] finds values that cannot work,
//!   [`Spec::warnings`] finds risky ones, given the size of the hosts.
//! - [`Inputs`] are names and addresses from the cloud infrastructure.
//! - [`files`] renders all files of a host, [`user_data`] the script that installs them.
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
//! The host fetches the runner's token from Secrets Manager with its role, so neither user data nor any rendered file
//! contains the token. `gitlab-runner-configure` inserts the token and the host name into `/etc/nex/config.toml` and
//! writes the result to `/etc/gitlab-runner/config.toml`, which only root can read.
//!
//! User data runs its steps independently: when a step fails, the next one still runs. The result is in
//! `/var/lib/nex/bootstrap.status` (lines `step NAME ok|failed`, and a last line `state ready|degraded|failed`), and on
//! the console in a line that starts with `nex-bootstrap:`. The script exits with 0 only in the state `ready`. A second
//! run changes nothing that is already correct.

mod config;
mod files;
mod inputs;
mod mounts;
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

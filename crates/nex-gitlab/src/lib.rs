//! The GitLab server: its spec, and the files that set it up.
//!
//! [`Spec`] is the `[gitlab]` section of an environment. [`Inputs`] are plain values about the server's surroundings.
//! From both, the crate renders [`gitlab_rb`], the [`user_data`] of the server's first boot, and every file that the
//! user data contains ([`files`]). Rendering is pure and deterministic: no I/O, no clock, no network.
//!
//! Rendering is safe for any value: the real reader (ruby, a shell, a JSON parser) reads back the same value. No file
//! holds a secret: the server fetches its secrets by name, with the instance's role, into files that only root can
//! read.
//!
//! ```
//! use nex_gitlab::{Inputs, Secrets, Spec, WebAccess};
//!
//! let spec: Spec = toml::from_str(
//!     r#"
//!     url = "https://gitlab.example.com"
//!     registry_url = "https://registry.example.com"
//!     ssh_host = "ssh-gitlab.example.com"
//!     "#,
//! )?;
//! assert!(spec.validate().is_empty());
//! assert_eq!(spec.warnings(WebAccess::Direct)[0].code, "mail-absent");
//!
//! let inputs = Inputs {
//!     region: "eu-west-3".into(),
//!     database_host: "db.example.eu-west-3.rds.amazonaws.com".into(),
//!     database_port: 5432,
//!     secrets: Secrets {
//!         database_password: "example/gitlab/database-password".into(),
//!         ..Secrets::default()
//!     },
//!     ..Inputs::default()
//! };
//! let rb = nex_gitlab::gitlab_rb(&spec, &inputs);
//! assert!(rb.contains("external_url 'https://gitlab.example.com'"));
//! assert!(nex_gitlab::user_data(&spec, &inputs)?.starts_with("#!/bin/bash"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agent;
mod backup;
mod certificate;
mod file;
mod gitlab_rb;
mod inputs;
mod quote;
mod render;
mod settings;
mod setup;
mod spec;

pub use gitlab_rb::gitlab_rb;
pub use inputs::{Inputs, LogGroups, Secrets, WebAccess};
pub use render::{Error, USER_DATA_LIMIT, files, user_data};
pub use spec::{
    Backups, Database, Hosts, InvalidTime, InvalidVersion, Mail, Spec, SslMode, TimeOfDay, Version,
};

//! The rendered files, checked by the programs that read them: a TOML parser, bash, shellcheck, systemd.

mod config;
mod fixtures;
mod host;
mod scripts;
mod spec;
mod warnings;

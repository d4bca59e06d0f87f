//! The rendered files, checked by the programs that read them: ruby, bash, shellcheck, systemd.

mod gitlab_rb;
mod script;
mod setup_run;
mod spec;
mod support;

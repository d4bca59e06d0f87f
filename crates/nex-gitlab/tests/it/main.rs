//! What is rendered, judged by its real readers: ruby, bash, shellcheck, systemd.

mod gitlab_rb;
mod script;
mod setup_run;
mod spec;
mod support;

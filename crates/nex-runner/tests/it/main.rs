//! What the crate renders, judged by the tools that will read it.

mod config;
mod fixtures;
mod host;
mod scripts;
mod spec;
mod warnings;

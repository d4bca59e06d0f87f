//! The spec: what it takes, what it finds wrong, and its names.

mod names;
mod spec;

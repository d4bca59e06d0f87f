//! Tests of the pure part and of the apply, with a fake cloud that refuses what AWS would refuse.
#![allow(clippy::unwrap_used)]
// Without the feature `engine`, no test uses the helpers for the apply.
#![cfg_attr(not(feature = "engine"), allow(dead_code))]

mod adoption;
mod any;
mod aws_page;
#[cfg(feature = "engine")]
mod cancel;
mod docs;
mod drift;
mod edge;
#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "engine")]
mod fake;
mod inspection;
#[cfg(feature = "engine")]
mod lag;
mod lint;
#[cfg(feature = "engine")]
mod lost;
mod permissions;
mod plans;
mod policies;
#[cfg(feature = "engine")]
mod properties;
#[cfg(feature = "client")]
mod replay;
mod spec;
mod stored;
mod support;

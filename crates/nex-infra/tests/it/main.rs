//! The pure part and the apply, against a fake cloud that refuses what AWS would refuse.
#![allow(clippy::unwrap_used)]
// Without `aws` there is no apply, and what helps to try it lies idle.
#![cfg_attr(not(feature = "aws"), allow(dead_code))]

mod any;
mod docs;
mod drift;
#[cfg(feature = "aws")]
mod fake;
mod plans;
mod policies;
#[cfg(feature = "aws")]
mod properties;
mod spec;
mod stored;
mod support;

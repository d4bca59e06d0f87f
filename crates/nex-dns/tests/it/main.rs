//! The spec, plans and their apply on a stateful stand-in, certificates through crashes and races, and the client
//! against a server on loopback.

mod adoption;
#[cfg(feature = "engine")]
mod apply;
#[cfg(feature = "engine")]
mod approval;
#[cfg(feature = "engine")]
mod certificates;
#[cfg(feature = "client")]
mod client;
mod deployments;
#[cfg(feature = "engine")]
mod fake;
#[cfg(feature = "engine")]
mod fake_secrets;
mod growth;
mod import;
mod names;
mod plan;
#[cfg(feature = "engine")]
mod properties;
#[cfg(feature = "engine")]
mod races;
#[cfg(feature = "engine")]
mod revocations;
mod spec;
mod zones;

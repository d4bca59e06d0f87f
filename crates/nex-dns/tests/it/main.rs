//! The spec, plans and their apply on a stateful stand-in, certificates through crashes and races, and the client against
//! a server on loopback.

#[cfg(feature = "client")]
mod apply;
#[cfg(feature = "client")]
mod certificates;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod fake;
mod import;
mod names;
mod plan;
#[cfg(feature = "client")]
mod properties;
mod spec;
mod zones;

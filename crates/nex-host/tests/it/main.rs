//! Bundles, user data and statuses: what is accepted, what is refused, and what comes back.

mod bundle;
mod status;
mod support;
mod user_data;

//! The way of a replaced origin certificate to a server that runs: a service and its timer.

pub(crate) const SERVICE: &str = include_str!("nex-gitlab-certificate.service");
pub(crate) const TIMER: &str = include_str!("nex-gitlab-certificate.timer");

//! The units that bring a replaced origin certificate to a running server.

pub(crate) const SERVICE: &str = include_str!("nex-gitlab-certificate.service");
pub(crate) const TIMER: &str = include_str!("nex-gitlab-certificate.timer");

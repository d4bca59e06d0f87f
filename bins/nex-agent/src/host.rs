//! What every step works on.

use std::time::Duration;

use nex_host::{Contents, InstanceArn};

use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::log::Log;
use crate::program::Programs;
use crate::root::Root;

/// A machine, and what it is to become.
pub struct Host<'a> {
    /// The machine's files.
    pub root: &'a Root,
    /// The machine's programs.
    pub programs: &'a Programs,
    /// AWS.
    pub cloud: &'a dyn Cloud,
    /// The log.
    pub log: &'a Log,
    /// The time.
    pub clock: Clock,
    /// The pause between two looks at something that comes later.
    pub pause: Duration,
    /// How often the status is written while a step runs.
    pub heartbeat: Duration,
    /// The machine's own ARN.
    pub instance: &'a InstanceArn,
    /// What the bundle says.
    pub contents: &'a Contents,
}

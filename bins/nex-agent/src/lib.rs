//! The program on every host: it sets the host up from its bundle, and reports the host's status.
//!
//! A set-up is a list of named [steps](step::Step). Each has a deadline and says which earlier steps it needs. A step
//! that failed is tried again at the next run, which a timer starts: a host heals when the cause goes away. After each
//! change the agent writes its [journal](journal::Journal) and its [status](nex_host::Status).
//!
//! Everything that a step touches comes in through [`Host`](host::Host): the files below a root folder, the programs of
//! the machine, AWS, and the time.

pub mod aws;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod current;
pub mod failure;
pub mod host;
pub mod journal;
pub mod log;
pub mod program;
pub mod replace;
pub mod report;
pub mod root;
pub mod session;
pub mod step;
pub mod steps;
pub mod units;

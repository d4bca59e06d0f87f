//! Executes approved plans: independent steps side by side, dependent steps in order, until nothing is left to try.

mod apply;
mod converge;

pub use converge::{CONSISTENCY_DELAY, ConvergeOptions, Converged, converge};

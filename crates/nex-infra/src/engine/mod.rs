//! Executes approved plans: independent steps run at the same time, dependent steps in order.

mod apply;
mod converge;

pub use converge::{ConvergeOptions, Converged, converge};

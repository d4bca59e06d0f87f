//! Executes approved plans: independent steps side by side, and again after lost answers.

mod apply;
mod converge;

pub use apply::apply;
pub use converge::{CONSISTENCY_DELAY, ConvergeOptions, Converged, converge};

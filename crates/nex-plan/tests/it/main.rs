//! The gate, the comparison of plans, and the report, with a step of the tests' own.

mod gate;
mod moved;
mod report;
mod toy;

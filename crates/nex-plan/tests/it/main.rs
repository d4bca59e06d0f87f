//! The gate, the comparison of plans, the report and the rendered texts, with a step of the tests' own.

mod gate;
mod moved;
mod printable;
mod report;
mod toy;

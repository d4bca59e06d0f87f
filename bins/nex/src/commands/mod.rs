//! One file per command.

pub(crate) mod adopt;
pub(crate) mod adopt_all;
pub(crate) mod bootstrap;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod dns;
pub(crate) mod outputs;
pub(crate) mod plan;
pub(crate) mod render;

//! The steps of each role.

use nex_host::Role;

use crate::step::Step;

mod files;

/// The steps of a role, in their order.
pub fn of(role: Role) -> Vec<Step> {
    match role {
        Role::Server => vec![files::step()],
        Role::Runner => vec![files::step()],
    }
}

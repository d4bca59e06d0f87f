//! Steps that hand nex's identity to what runs already: the role of the instance profile, and the server's address.
//!
//! Tags decide which instance and which address are the deployment's. Who may set tags could otherwise make nex give a
//! role to an instance of their own, or point the deployment's names at it.

use nex_plan::{Finding, PlanEntry as _, Remedy, Severity};

use crate::model::{DesiredResource, Key, Kind, Observed, ResourceState};
use crate::step::{Operation, Step};

/// What a step hands over, unless the operator allows that by name.
pub(super) fn handover(step: &Step, observed: &Observed) -> Option<Finding> {
    let Operation::Update { id, old, new } = &step.operation else {
        return None;
    };
    let (code, message) = match (old, new) {
        (ResourceState::Instance(old), DesiredResource::Instance(new)) => {
            let new = &new.instance;
            let profile = new
                .profile
                .as_ref()
                .filter(|_| old.profile != new.profile)?;
            if !old.running {
                return None;
            }
            let has = match &old.profile {
                Some(other) => format!("with the instance profile {other}"),
                None => "without an instance profile".to_owned(),
            };
            let message = format!(
                "{id} runs {has}; with the profile {profile}, what runs there gets the server's role: its secrets, the \
                 registry, the backups"
            );
            ("profile-attached", message)
        }
        // EC2 does not say whether the other instance runs, and its association ends with it.
        (ResourceState::ElasticIpAssociation(old), DesiredResource::ElasticIpAssociation(new))
            if old.instance != new.instance =>
        {
            let server = observed.get(&Key::new(Kind::Instance, &new.instance));
            let server = server.map_or(&new.instance, |server| &server.id);
            let message = format!(
                "the address serves {} ({id}); it would move to {server}, and {} could no longer be reached by it",
                old.instance, old.instance
            );
            ("address-moved", message)
        }
        _ => return None,
    };
    let deny = Severity::Deny;
    Some(Finding::new(deny, code, step.id(), message, Remedy::Allow))
}

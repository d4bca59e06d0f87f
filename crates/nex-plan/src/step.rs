//! Steps: the entries of a plan, which an apply executes.

use std::convert::Infallible;
use std::fmt::Debug;

use crate::{Action, Change, FieldChange, ResourceId};

/// An entry of a plan: a [`Step`], or a placeholder for a step without known values.
pub trait PlanEntry: Clone + Debug + PartialEq + 'static {
    /// The resource.
    fn id(&self) -> ResourceId;

    /// What happens to the resource.
    fn action(&self) -> Action;

    /// The fields that change.
    fn fields(&self) -> Vec<FieldChange>;

    /// The reasons that the fields do not show.
    fn reasons(&self) -> Vec<String> {
        vec![]
    }

    /// The names of the most telling fields of the resource, the most telling first. The short form of a plan shows
    /// these fields after the name of a created resource.
    fn headline(&self) -> &'static [&'static str] {
        &[]
    }

    /// The provider's own id of the resource that is changed or deleted. Two plans differ if they have different ids
    /// for the same resource.
    fn target(&self) -> Option<&str> {
        None
    }

    /// The view of the entry.
    fn change(&self) -> Change {
        Change {
            action: self.action(),
            id: self.id(),
            fields: self.fields(),
            reasons: self.reasons(),
        }
    }
}

/// A typed change of one resource, with everything that its apply needs.
///
/// A step holds references to secrets, never their values.
pub trait Step: PlanEntry {
    /// The placeholder for a step with values that only other steps can make known. It holds the kind, name and action,
    /// and the values known so far. Use [`Infallible`] for steps that are never deferred.
    type Deferred: PlanEntry;
}

/// The steps of several providers in one type, without rules of its own: each provider lints its own plan, and the linted
/// plans are widened and joined.
pub trait Composite: Step {}

/// Steps that are never deferred.
impl PlanEntry for Infallible {
    fn id(&self) -> ResourceId {
        match *self {}
    }

    fn action(&self) -> Action {
        match *self {}
    }

    fn fields(&self) -> Vec<FieldChange> {
        match *self {}
    }
}

/// A view is a step that can be shown, stored in a file and compared, but not applied.
impl PlanEntry for Change {
    fn id(&self) -> ResourceId {
        self.id.clone()
    }

    fn action(&self) -> Action {
        self.action
    }

    fn fields(&self) -> Vec<FieldChange> {
        self.fields.clone()
    }

    fn reasons(&self) -> Vec<String> {
        self.reasons.clone()
    }
}

impl Step for Change {
    type Deferred = Change;
}

//! The steps of all providers in one type.

use std::convert::Infallible;

use nex_dns::step::{DeferredRecord, ZoneStep};
use nex_plan::{Action, FieldChange, PlanEntry, ResourceId};

/// One step of a plan, by its provider.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// A resource at AWS.
    Aws(Box<nex_infra::Step>),
    /// A record, setting or certificate at Cloudflare.
    Zone(Box<ZoneStep>),
}

/// A step without known values, by its provider. AWS has no such steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deferred {
    /// A record that needs the server's address.
    Zone(Box<DeferredRecord>),
}

macro_rules! each {
    ($self:ident, $step:ident => $value:expr) => {
        match $self {
            Step::Aws($step) => $value,
            Step::Zone($step) => $value,
        }
    };
}

impl PlanEntry for Step {
    fn id(&self) -> ResourceId {
        each!(self, step => step.id())
    }

    fn action(&self) -> Action {
        each!(self, step => step.action())
    }

    fn fields(&self) -> Vec<FieldChange> {
        each!(self, step => step.fields())
    }

    fn reasons(&self) -> Vec<String> {
        each!(self, step => step.reasons())
    }

    fn headline(&self) -> &'static [&'static str] {
        each!(self, step => step.headline())
    }

    fn target(&self) -> Option<&str> {
        each!(self, step => step.target())
    }
}

impl PlanEntry for Deferred {
    fn id(&self) -> ResourceId {
        let Deferred::Zone(record) = self;
        record.id()
    }

    fn action(&self) -> Action {
        let Deferred::Zone(record) = self;
        record.action()
    }

    fn fields(&self) -> Vec<FieldChange> {
        let Deferred::Zone(record) = self;
        record.fields()
    }

    fn reasons(&self) -> Vec<String> {
        let Deferred::Zone(record) = self;
        record.reasons()
    }

    fn headline(&self) -> &'static [&'static str] {
        let Deferred::Zone(record) = self;
        record.headline()
    }

    fn target(&self) -> Option<&str> {
        let Deferred::Zone(record) = self;
        record.target()
    }
}

impl nex_plan::Step for Step {
    type Deferred = Deferred;
}

impl nex_plan::Composite for Step {}

impl From<nex_infra::Step> for Step {
    fn from(step: nex_infra::Step) -> Self {
        Step::Aws(Box::new(step))
    }
}

impl From<ZoneStep> for Step {
    fn from(step: ZoneStep) -> Self {
        Step::Zone(Box::new(step))
    }
}

impl From<Infallible> for Deferred {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<DeferredRecord> for Deferred {
    fn from(record: DeferredRecord) -> Self {
        Deferred::Zone(Box::new(record))
    }
}

/// The step belongs to another provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherProvider;

impl TryFrom<Step> for nex_infra::Step {
    type Error = OtherProvider;

    fn try_from(step: Step) -> Result<Self, OtherProvider> {
        match step {
            Step::Aws(step) => Ok(*step),
            Step::Zone(_) => Err(OtherProvider),
        }
    }
}

impl TryFrom<Step> for ZoneStep {
    type Error = OtherProvider;

    fn try_from(step: Step) -> Result<Self, OtherProvider> {
        match step {
            Step::Zone(step) => Ok(*step),
            Step::Aws(_) => Err(OtherProvider),
        }
    }
}

impl TryFrom<Deferred> for Infallible {
    type Error = OtherProvider;

    fn try_from(deferred: Deferred) -> Result<Self, OtherProvider> {
        match deferred {
            Deferred::Zone(_) => Err(OtherProvider),
        }
    }
}

impl TryFrom<Deferred> for DeferredRecord {
    type Error = OtherProvider;

    fn try_from(deferred: Deferred) -> Result<Self, OtherProvider> {
        match deferred {
            Deferred::Zone(record) => Ok(*record),
        }
    }
}

//! The steps of a zone: records, settings and certificates.

use nex_plan::{Action, FieldChange, PlanEntry, ResourceId, Step, Value};

use crate::certificate::{CertificateStep, Revocation};
use crate::record::{DesiredRecord, NewRecord, effective_ttl};
use crate::setting::Setting;
use crate::zone::ObservedRecord;

/// The kind of a record in plans.
pub const RECORD: &str = "dns-record";

/// The kind of a setting in plans.
pub(crate) const SETTING: &str = "zone-setting";

/// The kind of an Origin CA certificate in plans.
pub(crate) const CERTIFICATE: &str = "origin-certificate";

/// What a plan shows in place of an address that is not known yet.
const ADDRESS_LATER: &str = "the server has its address";

/// One change of a zone.
#[derive(Clone, Debug, PartialEq)]
pub enum ZoneStep {
    /// A certificate is issued and stored in its secret.
    Certificate(CertificateStep),
    /// A record is created, updated or deleted.
    Record(RecordStep),
    /// A setting is changed.
    Setting(SettingStep),
    /// A certificate is revoked.
    Revocation(Revocation),
}

/// One change of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordStep {
    /// The record's name in plans.
    pub label: String,
    /// What happens to the record.
    pub change: RecordChange,
    /// Why, where the fields do not show the reason.
    pub reasons: Vec<String>,
}

/// What happens to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordChange {
    /// The record is created.
    Create(NewRecord),
    /// The fields that differ are changed.
    Update(ObservedRecord, NewRecord),
    /// The record is deleted.
    Delete(ObservedRecord),
}

/// A record without known content, because the server has no address yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferredRecord {
    /// The record's name in plans.
    pub label: String,
    /// The record that is changed; `None` if the record is created.
    pub old: Option<ObservedRecord>,
    /// The record as the spec asks for it.
    pub new: DesiredRecord,
}

/// One change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingStep {
    /// The setting.
    pub setting: Setting,
    /// The value now, where Cloudflare shows one.
    pub old: Option<String>,
    /// The value in the spec.
    pub new: String,
}

impl RecordStep {
    /// The record's name in DNS.
    pub fn name(&self) -> &str {
        match &self.change {
            RecordChange::Create(new) | RecordChange::Update(_, new) => &new.name,
            RecordChange::Delete(old) => &old.name,
        }
    }

    /// Whether resolvers can see the change. They can't see a comment.
    pub(crate) fn is_visible(&self) -> bool {
        match &self.change {
            RecordChange::Create(_) => false,
            RecordChange::Delete(_) => true,
            RecordChange::Update(old, new) => record_fields(Some(old), Some(&Values::of(new)))
                .iter()
                .any(|f| f.field != "comment"),
        }
    }
}

/// The values of a record that are compared.
struct Values {
    content: Value,
    ttl: u32,
    proxied: bool,
    comment: String,
}

impl Values {
    fn of(new: &NewRecord) -> Self {
        Self {
            content: Value::from(&new.content),
            ttl: new.ttl,
            proxied: new.proxied,
            comment: new.comment.clone(),
        }
    }
}

/// The fields that differ, in canonical form.
fn record_fields(old: Option<&ObservedRecord>, new: Option<&Values>) -> Vec<FieldChange> {
    let ttl = |old: &ObservedRecord| effective_ttl(old.ttl, old.proxied);
    let all = [
        FieldChange::new(
            "content",
            old.map(ObservedRecord::canonical_content),
            new.map_or(Value::Absent, |new| new.content.clone()),
        ),
        FieldChange::new("ttl", old.map(ttl), new.map(|new| new.ttl)),
        FieldChange::new(
            "proxied",
            old.map(|old| old.proxied),
            new.map(|new| new.proxied),
        ),
        FieldChange::new(
            "comment",
            old.and_then(|old| old.comment.clone()),
            new.map(|new| &new.comment),
        ),
    ];
    let differing = all.into_iter().filter(|field| field.old != field.new);
    differing.collect()
}

/// Whether a record differs from the desired one.
pub(crate) fn differs(old: &ObservedRecord, new: &NewRecord) -> bool {
    !record_fields(Some(old), Some(&Values::of(new))).is_empty()
}

impl PlanEntry for RecordStep {
    fn id(&self) -> ResourceId {
        ResourceId::new(RECORD, &self.label)
    }

    fn action(&self) -> Action {
        match &self.change {
            RecordChange::Create(_) => Action::Create,
            RecordChange::Update(..) => Action::Update,
            RecordChange::Delete(_) => Action::Delete,
        }
    }

    fn fields(&self) -> Vec<FieldChange> {
        match &self.change {
            RecordChange::Create(new) => record_fields(None, Some(&Values::of(new))),
            RecordChange::Update(old, new) => record_fields(Some(old), Some(&Values::of(new))),
            RecordChange::Delete(old) => record_fields(Some(old), None),
        }
    }

    fn reasons(&self) -> Vec<String> {
        self.reasons.clone()
    }

    fn target(&self) -> Option<&str> {
        match &self.change {
            RecordChange::Create(_) => None,
            RecordChange::Update(old, _) | RecordChange::Delete(old) => Some(old.id.as_str()),
        }
    }
}

impl PlanEntry for DeferredRecord {
    fn id(&self) -> ResourceId {
        ResourceId::new(RECORD, &self.label)
    }

    fn action(&self) -> Action {
        match self.old {
            Some(_) => Action::Update,
            None => Action::Create,
        }
    }

    fn fields(&self) -> Vec<FieldChange> {
        let new = Values {
            content: Value::Later(ADDRESS_LATER.to_owned()),
            ttl: self.new.ttl,
            proxied: self.new.proxied,
            comment: self.new.comment.clone(),
        };
        record_fields(self.old.as_ref(), Some(&new))
    }

    fn target(&self) -> Option<&str> {
        self.old.as_ref().map(|old| old.id.as_str())
    }
}

impl PlanEntry for SettingStep {
    fn id(&self) -> ResourceId {
        ResourceId::new(SETTING, self.setting.to_string())
    }

    fn action(&self) -> Action {
        Action::Update
    }

    fn fields(&self) -> Vec<FieldChange> {
        vec![FieldChange::new("value", self.old.clone(), &self.new)]
    }
}

macro_rules! each {
    ($self:ident, $step:ident => $value:expr) => {
        match $self {
            ZoneStep::Certificate($step) => $value,
            ZoneStep::Record($step) => $value,
            ZoneStep::Setting($step) => $value,
            ZoneStep::Revocation($step) => $value,
        }
    };
}

impl PlanEntry for ZoneStep {
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

    fn target(&self) -> Option<&str> {
        each!(self, step => step.target())
    }
}

impl Step for ZoneStep {
    type Deferred = DeferredRecord;
}

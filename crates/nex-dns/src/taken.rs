//! Which records of a zone conflict with another one, by name. Each record is brought into canonical form once, so the
//! work grows with the number of records.

use std::collections::BTreeMap;

use crate::desired::Desired;
use crate::record::{DesiredRecord, NewRecord, RecordContent};
use crate::spec::RecordType;
use crate::zone::ObservedRecord;

/// Records of a zone, by what they leave no room for.
pub(crate) struct Taken<'a> {
    /// The A, AAAA and CNAME records, by name.
    hosts: BTreeMap<String, Vec<&'a ObservedRecord>>,
    /// The NS records that hand a name over to other servers, by name.
    delegations: BTreeMap<String, Vec<&'a ObservedRecord>>,
    /// The records of the types that a spec can hold, by all that must differ between two records.
    same: BTreeMap<(String, RecordType, String), Vec<&'a ObservedRecord>>,
}

/// The parts of a record that decide which others conflict with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: RecordType,
    /// The content of a TXT record; any content of another type has the same conflicts.
    pub(crate) text: Option<&'a str>,
}

impl<'a> Claim<'a> {
    pub(crate) fn of(new: &'a NewRecord) -> Self {
        Self::new(&new.name, new.kind, &new.content)
    }

    pub(crate) fn of_desired(new: &'a DesiredRecord) -> Self {
        let content = match &new.content {
            RecordContent::Given(text) => text,
            RecordContent::ServerAddress => "",
        };
        Self::new(&new.name, new.kind, content)
    }

    fn new(name: &'a str, kind: RecordType, content: &'a str) -> Self {
        let text = (kind == RecordType::Txt).then_some(content);
        Self { name, kind, text }
    }
}

impl<'a> Taken<'a> {
    /// What these records of the zone of `desired` take.
    pub(crate) fn by(records: impl Iterator<Item = &'a ObservedRecord>, desired: &Desired) -> Self {
        let mut taken = Self {
            hosts: BTreeMap::new(),
            delegations: BTreeMap::new(),
            same: BTreeMap::new(),
        };
        for record in records {
            let name = record.name_in(&desired.zone);
            let of_name = match record.record_type() {
                Some(kind) => {
                    let key = (name.clone(), kind, record.canonical_content());
                    taken.same.entry(key).or_default().push(record);
                    (kind != RecordType::Txt).then_some(&mut taken.hosts)
                }
                // The NS records of the zone itself delegate nothing.
                None if record.kind == "NS" && name != desired.zone => Some(&mut taken.delegations),
                None => None,
            };
            if let Some(of_name) = of_name {
                of_name.entry(name).or_default().push(record);
            }
        }
        taken
    }

    /// The records that conflict with a claim: a delegation of the name, and any host record beside a host record, or
    /// the same text.
    pub(crate) fn rivals(&self, new: Claim<'_>) -> impl Iterator<Item = &'a ObservedRecord> {
        let delegations = self.delegations.get(new.name);
        let beside = match new.text {
            Some(text) => self.same(new.name, new.kind, text),
            None => self.hosts.get(new.name),
        };
        delegations.into_iter().chain(beside).flatten().copied()
    }

    /// An NS record that delegates a name above this one: Cloudflare does not answer for anything below it.
    pub(crate) fn delegation_above(&self, name: &str) -> Option<&'a ObservedRecord> {
        let above = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
        let mut delegations = above.filter_map(|name| self.delegations.get(name));
        delegations.next()?.first().copied()
    }

    /// The records that are the same as `new`: Cloudflare accepts a record only once.
    pub(crate) fn twins(&self, new: &NewRecord) -> impl Iterator<Item = &'a ObservedRecord> {
        let same = self.same(&new.name, new.kind, &new.content);
        same.into_iter().flatten().copied()
    }

    fn same(
        &self,
        name: &str,
        kind: RecordType,
        content: &str,
    ) -> Option<&Vec<&'a ObservedRecord>> {
        self.same.get(&(name.to_owned(), kind, content.to_owned()))
    }
}

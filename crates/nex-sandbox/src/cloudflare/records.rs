//! The records of a zone: single changes, batches, and which records can stand side by side.

use serde_json::{Value, json};

use super::envelope::{Answer, ApiError, Outcome};
use super::paging::{Paging, Query};
use super::record::{Place, Record};
use super::zone::Plan;
use super::{Account, Ids, now};

/// One change to a zone's records.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Delete,
    Patch,
    Put,
    Post,
}

impl Change {
    /// In the order in which a batch makes them.
    const ALL: [(Self, &'static str); 4] = [
        (Self::Delete, "deletes"),
        (Self::Patch, "patches"),
        (Self::Put, "puts"),
        (Self::Post, "posts"),
    ];
}

/// GET dns_records.
pub(super) fn list(account: &Account, zone: &str, query: &Query) -> Outcome {
    let found = account
        .zone(zone)?
        .records
        .iter()
        .filter(|record| {
            query.fits("type", &record.kind)
                && query.fits("name", &record.name)
                && query.fits("content", &record.content.text)
                && query.fits("comment", record.comment.as_deref().unwrap_or_default())
                && query.fits("proxied", &record.proxied.to_string())
        })
        .map(Record::shown)
        .collect();
    let paging = Paging {
        default: 100,
        allowed: 5..=5_000_000,
    };
    paging.cut(query, found)
}

/// GET dns_records/{id}.
pub(super) fn get(account: &Account, zone: &str, id: &str) -> Outcome {
    let records = &account.zone(zone)?.records;
    Ok(Answer::one(records[position(records, id)?].shown()))
}

/// POST, PUT, PATCH and DELETE of one record; `id` is empty for POST.
pub(super) fn change(
    account: &mut Account,
    zone: &str,
    change: Change,
    id: &str,
    body: &Value,
) -> Outcome {
    let mut draft = Draft::of(account, zone)?;
    let shown = draft.make(change, id, body)?;
    draft.keep(account, zone)?;
    Ok(Answer::one(match change {
        Change::Delete => json!({ "id": id }),
        _ => shown,
    }))
}

/// POST dns_records/batch: everything or nothing.
pub(super) fn batch(account: &mut Account, zone: &str, body: &Value) -> Outcome {
    let mut lists = Vec::new();
    for (change, key) in Change::ALL {
        let list = match &body[key] {
            Value::Null => Vec::new(),
            Value::Array(list) => list.clone(),
            _ => return Err(ApiError::body(format!("{key} must be a list."))),
        };
        lists.push((change, key, list));
    }
    let mut draft = Draft::of(account, zone)?;
    let limit = draft.plan.batch();
    if lists.iter().map(|(.., list)| list.len()).sum::<usize>() > limit {
        // The limit is documented; its code is not.
        return Err(ApiError::new(
            400,
            1004,
            format!("DNS Validation Error: a batch can hold no more than {limit} changes."),
        ));
    }
    let mut result = json!({});
    for (change, key, list) in lists {
        let made: Result<Vec<Value>, ApiError> = list
            .iter()
            .map(|body| draft.make(change, body["id"].as_str().unwrap_or_default(), body))
            .collect();
        result[key] = Value::Array(made?);
    }
    draft.keep(account, zone)?;
    Ok(Answer::one(result))
}

/// A zone's records with changes that are not yet kept.
struct Draft {
    zone: String,
    plan: Plan,
    quota: usize,
    records: Vec<Record>,
    ids: Ids,
    now: String,
}

impl Draft {
    fn of(account: &Account, id: &str) -> Result<Self, ApiError> {
        let zone = account.zone(id)?;
        Ok(Self {
            zone: zone.name.clone(),
            plan: zone.plan,
            quota: account.config.record_quota.unwrap_or(zone.plan.records()),
            records: zone.records.clone(),
            ids: account.ids.clone(),
            now: now(),
        })
    }

    fn keep(self, account: &mut Account, id: &str) -> Result<(), ApiError> {
        account.ids = self.ids;
        account.zone_mut(id)?.records = self.records;
        Ok(())
    }

    /// Makes one change and gives the record that it concerned.
    fn make(&mut self, change: Change, id: &str, body: &Value) -> Result<Value, ApiError> {
        let place = Place {
            zone: &self.zone,
            plan: self.plan,
            now: &self.now,
        };
        let record = match change {
            Change::Delete => {
                let at = position(&self.records, id)?;
                return Ok(self.records.remove(at).shown());
            }
            Change::Patch => self.records[position(&self.records, id)?].merged(body, place)?,
            Change::Put => self.records[position(&self.records, id)?].replaced(body, place)?,
            Change::Post => Record::new(self.ids.next("record"), body, place)?,
        };
        conflict(&self.records, &record)?;
        let shown = record.shown();
        match self.records.iter().position(|old| old.id == record.id) {
            Some(at) => self.records[at] = record,
            None if self.records.len() >= self.quota => {
                return Err(ApiError::record(81045, "Record quota exceeded."));
            }
            None => self.records.push(record),
        }
        Ok(shown)
    }
}

fn position(records: &[Record], id: &str) -> Result<usize, ApiError> {
    records
        .iter()
        .position(|record| record.id == id)
        .ok_or_else(|| ApiError::new(404, 81044, "Record does not exist."))
}

/// Whether `new` may stand beside the others; the record that it replaces has its id.
fn conflict(records: &[Record], new: &Record) -> Result<(), ApiError> {
    let others = || {
        records
            .iter()
            .filter(|old| old.id != new.id && old.name == new.name)
    };
    let is_address = |kind: &str| matches!(kind, "A" | "AAAA");
    if new.kind == "CNAME" && others().any(|old| is_address(&old.kind) || old.kind == "CNAME") {
        return Err(ApiError::record(
            81053,
            "An A, AAAA, or CNAME record with that host already exists.",
        ));
    }
    if is_address(&new.kind) && others().any(|old| old.kind == "CNAME") {
        return Err(ApiError::record(
            81054,
            "A CNAME record with that host already exists.",
        ));
    }
    let Some(same) = others().find(|old| old.says_the_same(new)) else {
        return delegation(others(), new);
    };
    let whole = |record: &Record| (record.ttl, record.proxied, record.comment.clone());
    if whole(same) == whole(new) {
        return Err(ApiError::record(
            81058,
            "An identical record already exists.",
        ));
    }
    Err(ApiError::record(81057, "The record already exists."))
}

/// A name that is delegated has nothing but its NS and DS records.
fn delegation<'a>(others: impl Iterator<Item = &'a Record>, new: &Record) -> Result<(), ApiError> {
    let delegates = |kind: &str| matches!(kind, "NS" | "DS");
    let mut others = others.filter(|old| old.kind == "NS" || new.kind == "NS");
    if others.any(|old| !(delegates(&old.kind) && delegates(&new.kind))) {
        return Err(ApiError::record(
            81056,
            "NS records with that host already exist.",
        ));
    }
    Ok(())
}

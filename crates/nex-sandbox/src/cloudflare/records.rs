//! The operations on DNS records: single changes, batches, and conflicts between records.

use serde_json::{Map, Value, json};
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

use super::account::{Account, Ids};
use super::envelope::{Answer, ApiError, Outcome};
use super::paging::{Paging, Query};
use super::plan::Plan;
use super::record::{Context, Record};
use super::timestamp::now;

/// A kind of change to a record, in the order in which a batch makes the changes. The string form
/// is the key of the changes in the body of a batch.
#[derive(Debug, Clone, Copy, EnumIter, IntoStaticStr)]
pub(super) enum Change {
    #[strum(serialize = "deletes")]
    Delete,
    #[strum(serialize = "patches")]
    Patch,
    #[strum(serialize = "puts")]
    Put,
    #[strum(serialize = "posts")]
    Post,
}

/// `GET dns_records`
pub(super) fn list(account: &Account, zone: &str, query: &Query) -> Outcome {
    let found = account
        .zone(zone)?
        .records
        .iter()
        .filter(|record| {
            query.matches("type", &record.kind)
                && query.matches("name", &record.name)
                && query.matches("content", &record.content.text)
                && query.matches("comment", record.comment.as_deref().unwrap_or_default())
                && query.matches("proxied", &record.proxied.to_string())
        })
        .map(Record::to_json)
        .collect();
    let paging = Paging {
        default: 100,
        allowed: 5..=5_000_000,
    };
    paging.page(query, found)
}

/// `GET dns_records/{id}`
pub(super) fn get(account: &Account, zone: &str, id: &str) -> Outcome {
    let records = &account.zone(zone)?.records;
    Ok(Answer::new(records[position(records, id)?].to_json()))
}

/// POST, PUT, PATCH or DELETE of one record. `id` is empty for a POST.
pub(super) fn change(
    account: &mut Account,
    zone: &str,
    change: Change,
    id: &str,
    body: &Value,
) -> Outcome {
    let mut transaction = Transaction::begin(account, zone)?;
    let record = transaction.apply(change, id, body)?;
    transaction.commit(account, zone)?;
    Ok(Answer::new(match change {
        Change::Delete => json!({ "id": id }),
        _ => record,
    }))
}

/// Adds a record of another product of Cloudflare's. `meta` says which one, and whether the record is read-only.
pub(super) fn add_managed(
    account: &mut Account,
    zone: &str,
    body: &Value,
    meta: Map<String, Value>,
) -> Outcome {
    let mut transaction = Transaction::begin(account, zone)?;
    transaction.apply(Change::Post, "", body)?;
    let made = transaction.records.last_mut();
    let made = made.map(|record| {
        record.meta = meta;
        record.to_json()
    });
    transaction.commit(account, zone)?;
    Ok(Answer::new(made.unwrap_or_default()))
}

/// `POST dns_records/batch`: makes all changes or none.
pub(super) fn batch(account: &mut Account, zone: &str, body: &Value) -> Outcome {
    let mut lists = Vec::new();
    for change in Change::iter() {
        let key = <&str>::from(change);
        let list = match &body[key] {
            Value::Null => Vec::new(),
            Value::Array(list) => list.clone(),
            _ => return Err(ApiError::invalid_body(format!("{key} must be a list."))),
        };
        lists.push((change, key, list));
    }
    let mut transaction = Transaction::begin(account, zone)?;
    let max = transaction.plan.max_batch();
    if lists.iter().map(|(.., list)| list.len()).sum::<usize>() > max {
        // Cloudflare documents this limit, but not the code: 1004 is a guess.
        return Err(ApiError::new(
            400,
            1004,
            format!("DNS Validation Error: a batch can hold no more than {max} changes."),
        ));
    }
    let mut result = json!({});
    for (change, key, list) in lists {
        let records: Result<Vec<Value>, ApiError> = list
            .iter()
            .map(|body| {
                let id = body["id"].as_str().unwrap_or_default();
                transaction.apply(change, id, body)
            })
            .collect();
        result[key] = Value::Array(records?);
    }
    transaction.commit(account, zone)?;
    Ok(Answer::new(result))
}

/// A copy of a zone's records with uncommitted changes.
struct Transaction {
    zone: String,
    plan: Plan,
    quota: usize,
    records: Vec<Record>,
    ids: Ids,
    now: String,
}

impl Transaction {
    fn begin(account: &Account, zone_id: &str) -> Result<Self, ApiError> {
        let zone = account.zone(zone_id)?;
        let quota = account.config.record_quota;
        Ok(Self {
            zone: zone.name.clone(),
            plan: zone.plan,
            quota: quota.unwrap_or(zone.plan.max_records()),
            records: zone.records.clone(),
            ids: account.ids.clone(),
            now: now(),
        })
    }

    fn commit(self, account: &mut Account, zone_id: &str) -> Result<(), ApiError> {
        account.zone_mut(zone_id)?.records = self.records;
        account.ids = self.ids;
        Ok(())
    }

    /// The index of a record that may be changed.
    fn changeable(&self, id: &str) -> Result<usize, ApiError> {
        let index = position(&self.records, id)?;
        if self.records[index].is_read_only() {
            // Cloudflare's dashboard shows this refusal without a code: 1004 is a guess.
            let message = "This record is read-only: another product manages it.";
            return Err(ApiError::invalid_record(1004, message));
        }
        Ok(index)
    }

    /// Makes one change and returns the changed or deleted record.
    fn apply(&mut self, change: Change, id: &str, body: &Value) -> Result<Value, ApiError> {
        let context = Context {
            zone: &self.zone,
            plan: self.plan,
            now: &self.now,
        };
        let record = match change {
            Change::Delete => {
                let index = self.changeable(id)?;
                return Ok(self.records.remove(index).to_json());
            }
            Change::Patch => self.records[self.changeable(id)?].merged(body, context)?,
            Change::Put => self.records[self.changeable(id)?].replaced(body, context)?,
            Change::Post => Record::new(self.ids.next("record"), body, context)?,
        };
        check_conflicts(&self.records, &record)?;
        let json = record.to_json();
        match self.records.iter().position(|old| old.id == record.id) {
            Some(index) => self.records[index] = record,
            None if self.records.len() >= self.quota => {
                return Err(ApiError::invalid_record(81045, "Record quota exceeded."));
            }
            None => self.records.push(record),
        }
        Ok(json)
    }
}

fn position(records: &[Record], id: &str) -> Result<usize, ApiError> {
    records
        .iter()
        .position(|record| record.id == id)
        .ok_or_else(|| ApiError::new(404, 81044, "Record does not exist."))
}

/// Checks that `new` can exist beside the other records. A record with the id of `new` does not
/// count, because `new` replaces it.
fn check_conflicts(records: &[Record], new: &Record) -> Result<(), ApiError> {
    let others = || {
        records
            .iter()
            .filter(|old| old.id != new.id && old.name == new.name)
    };
    let is_address = |kind: &str| matches!(kind, "A" | "AAAA");
    let is_host = is_address(&new.kind) || new.kind == "CNAME";
    if is_host && others().any(Record::is_of_workers) {
        return Err(ApiError::invalid_record(
            81062,
            "A DNS record managed by Workers already exists on that host.",
        ));
    }
    if new.kind == "CNAME" && others().any(|old| is_address(&old.kind) || old.kind == "CNAME") {
        return Err(ApiError::invalid_record(
            81053,
            "An A, AAAA, or CNAME record with that host already exists.",
        ));
    }
    if is_address(&new.kind) && others().any(|old| old.kind == "CNAME") {
        return Err(ApiError::invalid_record(
            81054,
            "A CNAME record with that host already exists.",
        ));
    }
    let Some(same) = others().find(|old| old.has_same_answer(new)) else {
        return check_delegation(others(), new);
    };
    if (same.ttl, same.proxied, &same.comment) == (new.ttl, new.proxied, &new.comment) {
        return Err(ApiError::invalid_record(
            81058,
            "An identical record already exists.",
        ));
    }
    Err(ApiError::invalid_record(
        81057,
        "The record already exists.",
    ))
}

/// Checks that a delegated name has only NS and DS records.
fn check_delegation<'a>(
    others: impl Iterator<Item = &'a Record>,
    new: &Record,
) -> Result<(), ApiError> {
    let is_delegation = |kind: &str| matches!(kind, "NS" | "DS");
    let mut others = others.filter(|old| old.kind == "NS" || new.kind == "NS");
    if others.any(|old| !(is_delegation(&old.kind) && is_delegation(&new.kind))) {
        return Err(ApiError::invalid_record(
            81056,
            "NS records with that host already exist.",
        ));
    }
    Ok(())
}

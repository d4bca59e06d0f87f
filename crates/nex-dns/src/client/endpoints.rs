//! The calls that nex-dns makes, as endpoints for the `cloudflare` crate. The crate itself lacks most of these calls,
//! and its types can't parse all of Cloudflare's answers.

use std::marker::PhantomData;

use cloudflare::framework::endpoint::{Method, RequestBody, serialize_query, spec::EndpointSpec};
use cloudflare::framework::response::{ApiResult, ApiSuccess};
use serde::Serialize;

use super::answer::List;
use super::wire::{
    BatchBody, CertificateWire, EdgeIpsWire, Ignored, IssueBody, RecordBody, RecordWire,
    SettingWire, ZoneWire,
};
use crate::ids::{CertificateId, RecordId, ZoneId};

/// Few zones hold more records than this; the API allows pages of up to 5,000,000.
const RECORDS_A_PAGE: u32 = 5_000;

/// The largest page of the list of certificates.
const CERTIFICATES_A_PAGE: u32 = 50;

/// A call that returns a `T`.
#[derive(Debug)]
pub(super) struct Call<T> {
    method: Method,
    path: String,
    query: Option<String>,
    body: Option<String>,
    result: PhantomData<fn() -> T>,
}

impl<T: ApiResult> EndpointSpec for Call<T> {
    type JsonResponse = T;
    type ResponseType = ApiSuccess<T>;

    fn method(&self) -> Method {
        self.method.clone()
    }

    fn path(&self) -> String {
        self.path.clone()
    }

    fn query(&self) -> Option<String> {
        self.query.clone()
    }

    fn body(&self) -> Option<RequestBody<'_>> {
        self.body.clone().map(RequestBody::Json)
    }
}

impl<T> Call<T> {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: None,
            body: None,
            result: PhantomData,
        }
    }

    fn with_query(mut self, query: impl Serialize) -> Self {
        self.query = serialize_query(&query);
        self
    }

    fn with_json(mut self, body: impl Serialize) -> Self {
        // Data with text keys always has a JSON form.
        self.body = serde_json::to_string(&body).ok();
        self
    }
}

pub(super) fn edge_ips() -> Call<EdgeIpsWire> {
    Call::new(Method::GET, "ips")
}

pub(super) fn zones(name: &str) -> Call<List<ZoneWire>> {
    Call::new(Method::GET, "zones").with_query([("name", name), ("per_page", "50")])
}

pub(super) fn records(zone: &ZoneId, page: u32) -> Call<List<RecordWire>> {
    Call::new(Method::GET, format!("zones/{zone}/dns_records"))
        .with_query([("page", page), ("per_page", RECORDS_A_PAGE)])
}

pub(super) fn create_record(zone: &ZoneId, record: &RecordBody<'_>) -> Call<Ignored> {
    Call::new(Method::POST, format!("zones/{zone}/dns_records")).with_json(record)
}

pub(super) fn change_record(
    zone: &ZoneId,
    id: &RecordId,
    record: &RecordBody<'_>,
) -> Call<Ignored> {
    Call::new(Method::PATCH, format!("zones/{zone}/dns_records/{id}")).with_json(record)
}

pub(super) fn delete_record(zone: &ZoneId, id: &RecordId) -> Call<Ignored> {
    Call::new(Method::DELETE, format!("zones/{zone}/dns_records/{id}"))
}

pub(super) fn batch(zone: &ZoneId, batch: &BatchBody<'_>) -> Call<Ignored> {
    Call::new(Method::POST, format!("zones/{zone}/dns_records/batch")).with_json(batch)
}

pub(super) fn settings(zone: &ZoneId) -> Call<List<SettingWire>> {
    Call::new(Method::GET, format!("zones/{zone}/settings"))
}

pub(super) fn setting(zone: &ZoneId, name: &str) -> Call<SettingWire> {
    Call::new(Method::GET, format!("zones/{zone}/settings/{name}"))
}

pub(super) fn change_setting(zone: &ZoneId, name: &str, value: &str) -> Call<Ignored> {
    let path = format!("zones/{zone}/settings/{name}");
    Call::new(Method::PATCH, path).with_json(serde_json::json!({ "value": value }))
}

pub(super) fn certificates(zone: &ZoneId, page: u32) -> Call<List<CertificateWire>> {
    let (page, size) = (page.to_string(), CERTIFICATES_A_PAGE.to_string());
    Call::new(Method::GET, "certificates").with_query([
        ("zone_id", zone.as_str()),
        ("page", &page),
        ("per_page", &size),
    ])
}

pub(super) fn certificate(id: &CertificateId) -> Call<CertificateWire> {
    Call::new(Method::GET, format!("certificates/{id}"))
}

pub(super) fn issue_certificate(request: &IssueBody<'_>) -> Call<CertificateWire> {
    Call::new(Method::POST, "certificates").with_json(request)
}

pub(super) fn revoke_certificate(id: &CertificateId) -> Call<Ignored> {
    Call::new(Method::DELETE, format!("certificates/{id}"))
}

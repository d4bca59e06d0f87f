//! The client against a server on loopback.

mod calls;
mod errors;
mod limits;
mod retries;

use std::time::Duration;

use expect_test::{Expect, expect};
use nex_dns::certificate::{CertificateRequest, CertificateTerms};
use nex_dns::client::{Client, Error, Retries};
use nex_dns::ports::{ZoneReader as _, ZoneWriter as _};
use nex_dns::spec::KeyType;
use nex_dns::step::{RecordStep, ZoneStep};
use nex_dns::zone::ZoneQuery;
use nex_dns::{CertificateId, Setting, ZoneId, edge};
use nex_plan::{CancelToken, CloudError as _, ErrorKind};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, path_regex, query_param};
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use crate::zones::{SPEC, ours, snapshot, spec, zone};

const TOKEN: &str = "a-token-that-nobody-may-see";

fn zone_id() -> ZoneId {
    ZoneId::new("z1")
}

async fn client(server: &MockServer) -> Client {
    let quick = Retries {
        times: 2,
        first: Duration::from_millis(5),
        longest: Duration::from_millis(10),
    };
    let client = Client::new(&SecretString::from(TOKEN)).expect("a client");
    client
        .with_base_url(&format!("{}/client/v4", server.uri()))
        .expect("an address")
        .with_retries(quick)
}

fn good(result: Value) -> ResponseTemplate {
    let body = json!({"success": true, "errors": [], "messages": [], "result": result});
    ResponseTemplate::new(200).set_body_json(body)
}

fn page(result: Vec<Value>, page: u32, pages: u32) -> ResponseTemplate {
    let info = json!({"page": page, "per_page": 100, "total_pages": pages});
    let body = json!({"success": true, "errors": [], "messages": [], "result": result, "result_info": info});
    ResponseTemplate::new(200).set_body_json(body)
}

fn bad(status: u16, errors: Value) -> ResponseTemplate {
    let body = json!({"success": false, "errors": errors, "messages": [], "result": null});
    ResponseTemplate::new(status).set_body_json(body)
}

fn code(status: u16, code: u32) -> ResponseTemplate {
    bad(status, json!([{"code": code, "message": "Some message."}]))
}

fn record(id: &str, kind: &str, name: &str, content: &str) -> Value {
    json!({"id": id, "type": kind, "name": name, "content": content, "ttl": 1, "proxied": false,
           "comment": null, "tags": [], "settings": {}, "meta": {}})
}

async fn on(server: &MockServer, verb: &str, at: &str, answer: impl Respond + 'static) {
    Mock::given(method(verb))
        .and(path(format!("/client/v4/{at}")))
        .respond_with(answer)
        .mount(server)
        .await;
}

/// These answers in turn, then the last one again.
struct InTurn(Vec<ResponseTemplate>, std::sync::atomic::AtomicUsize);

fn in_turn<const N: usize>(answers: [ResponseTemplate; N]) -> InTurn {
    InTurn(answers.into(), 0.into())
}

impl Respond for InTurn {
    fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
        let at = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0[at.min(self.0.len() - 1)].clone()
    }
}

async fn server() -> MockServer {
    let server = MockServer::start().await;
    on(
        &server,
        "GET",
        "zones",
        page(
            vec![json!({"id": "z1", "name": "example.com", "activated_on": null})],
            1,
            1,
        ),
    )
    .await;
    server
}

fn query() -> ZoneQuery {
    ZoneQuery {
        zone: "example.com".to_owned(),
        records: true,
        ..ZoneQuery::default()
    }
}

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.unwrap_or_default().len()
}

/// The JSON of the last call's body.
async fn sent(server: &MockServer) -> String {
    let calls = server.received_requests().await.unwrap_or_default();
    let last = calls.last().expect("a call");
    let body: Value = serde_json::from_slice(&last.body).unwrap_or_default();
    format!("{} {}\n{body:#}\n", last.method, last.url.path())
}

fn shown(error: &Error) -> String {
    let mut text = format!("{error}\n");
    if let Some(hint) = error.hint() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    assert!(!text.contains(TOKEN) && !format!("{error:?}").contains(TOKEN));
    text
}

fn request() -> CertificateRequest {
    CertificateRequest {
        csr: "a request".to_owned(),
        terms: CertificateTerms {
            hostnames: ["*.example.com", "example.com"].map(str::to_owned).into(),
            key_type: KeyType::Ecdsa,
            validity_days: 5475,
        },
    }
}

/// A create, a delete and an update, in this order.
fn steps() -> Vec<RecordStep> {
    let spec = spec(
        r#"records = [
            { type = "A", name = "new", proxied = true },
            { type = "A", name = "same", content = "192.0.2.2", proxied = true },
        ]"#,
    );
    let mut web = ours("2", "A", "same.example.com", "192.0.2.1");
    web.ttl = 300;
    let old = ours("1", "TXT", "old.example.com", "x");
    let linted = snapshot(&spec, &zone(vec![web, old])).plan(&SPEC);
    let records = linted.plan().steps().filter_map(|step| match step {
        ZoneStep::Record(step) => Some(step.clone()),
        _ => None,
    });
    let steps: Vec<RecordStep> = records.collect();
    assert_eq!(steps.len(), 3);
    steps
}

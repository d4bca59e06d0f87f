//! The Cloudflare emulator, tested with single calls and with the clients of other projects.

mod access;
mod batch;
mod certificates;
mod clients;
mod combined;
mod faults;
mod records;
mod settings;
mod tools;

use nex_sandbox::{CloudflareSandbox, ZoneSeed};
use serde_json::{Value, json};
use ureq::http::HeaderMap;

use crate::http;

/// A new emulator and its client.
struct Api {
    sandbox: CloudflareSandbox,
    token: String,
    /// The id of the zone of the reference deployment.
    zone: String,
}

/// An answer.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: HeaderMap,
    /// Null if the text is not valid JSON.
    body: Value,
    text: String,
}

impl Api {
    fn start() -> Self {
        let sandbox = CloudflareSandbox::start(ZoneSeed::ForeignRecords).expect("an emulator");
        let token = sandbox.env()["CLOUDFLARE_API_TOKEN"].clone();
        let mut api = Self {
            sandbox,
            token,
            zone: String::new(),
        };
        let zones = api.get("zones?name=paywithnex.com");
        api.zone = text(&zones.body["result"][0]["id"]);
        api
    }

    /// Makes a call with the token. `path` is relative to the base URL.
    fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        let authorization = bearer(&self.token);
        self.raw(method, path, &[("Authorization", &authorization)], body)
            .expect("an answer")
    }

    fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &Value::Null)
    }

    /// Makes a call with these headers. Returns `None` if there was no answer.
    fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Option<Reply> {
        send(
            method,
            &format!("{}{path}", self.sandbox.url()),
            headers,
            body,
        )
    }

    /// Makes a control call.
    fn control(&self, method: &str, path: &str, body: &Value) -> Reply {
        let url = format!("{}/_sandbox/{path}", self.sandbox.endpoint());
        let reply = send(method, &url, &[], body).expect("an answer");
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text);
        reply
    }

    /// A new token with these scopes.
    fn token(&self, scopes: &Value) -> String {
        let new = self.control("POST", "cloudflare/tokens", &json!({ "scopes": scopes }));
        text(&new.body["token"])
    }

    fn records(&self) -> String {
        format!("zones/{}/dns_records", self.zone)
    }

    /// Creates a record.
    fn create(&self, record: &Value) -> Reply {
        self.call("POST", &self.records(), record)
    }

    /// Creates a valid record, and returns it as the API stores it.
    fn created(&self, record: &Value) -> Value {
        let reply = self.create(record);
        assert_eq!(reply.status, 200, "{record}: {}", reply.text);
        reply.body["result"].clone()
    }

    /// All records as text, to detect changes.
    fn snapshot(&self) -> String {
        let path = format!("{}?per_page=5000", self.records());
        self.get(&path).body["result"].to_string()
    }
}

impl Reply {
    /// The code of the first error and the code of its cause; 0 if there is none.
    fn codes(&self) -> (u64, u64) {
        let error = &self.body["errors"][0];
        let code = |value: &Value| value["code"].as_u64().unwrap_or(0);
        (code(error), code(&error["error_chain"][0]))
    }

    /// The status and the codes of an error.
    fn refusal(&self) -> (u16, u64, u64) {
        let (code, cause) = self.codes();
        assert_eq!(self.body["success"], json!(false), "{}", self.text);
        assert_eq!(self.body["result"], Value::Null, "{}", self.text);
        assert_eq!(self.body["messages"], json!([]), "{}", self.text);
        (self.status, code, cause)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The values of a field in each object of a list.
fn column(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|one| text(&one[field])).collect()
}

/// The value of the header `Authorization` for a token.
fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Makes a call. The body is sent as JSON, except for text, which is sent as it is, so that a test
/// can send invalid JSON.
fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &Value) -> Option<Reply> {
    let body = match body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        body => body.to_string(),
    };
    let mut headers = headers.to_vec();
    if !headers.iter().any(|(name, _)| *name == "Content-Type") {
        headers.push(("Content-Type", "application/json"));
    }
    let (head, text) = http::send(method, url, &headers, &body)?.into_parts();
    Some(Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    })
}

//! The stand-in for Cloudflare: each of its rules by a plain call, and all of it by clients that
//! others wrote.

mod access;
mod batch;
mod certificates;
mod clients;
mod faults;
mod records;
mod settings;
mod tools;
mod whole;

use std::io::{Read, Write};
use std::net::TcpStream;

use nex_sandbox::{CloudflareSandbox, ZoneSeed};
use serde_json::{Value, json};

/// A stand-in of the test's own.
struct Api {
    sandbox: CloudflareSandbox,
    token: String,
    /// The id of the reference's zone.
    zone: String,
}

/// An answer.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    /// Null when it is no JSON.
    body: Value,
    text: String,
}

impl Api {
    fn start() -> Self {
        let sandbox = CloudflareSandbox::start(ZoneSeed::ForeignRecords).expect("a stand-in");
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

    /// A call with the token; `path` is what follows the base address.
    fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        let headers = format!("Authorization: Bearer {}\r\n", self.token);
        self.raw(method, path, &headers, body)
            .expect("the answer is not lost")
    }

    fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &Value::Null)
    }

    /// A call with these headers; none when the answer is lost.
    fn raw(&self, method: &str, path: &str, headers: &str, body: &Value) -> Option<Reply> {
        let base = self.sandbox.url();
        let (address, root) = base
            .trim_start_matches("http://")
            .split_once('/')
            .expect("a path");
        send(address, method, &format!("/{root}{path}"), headers, body)
    }

    /// A call of the control API.
    fn control(&self, method: &str, path: &str, body: &Value) -> Reply {
        let address = self.sandbox.endpoint().trim_start_matches("http://");
        let path = format!("/_sandbox/{path}");
        let reply = send(address, method, &path, "", body).expect("an answer");
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text);
        reply
    }

    /// The same stand-in, as the bearer of a new token sees it.
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

    /// Creates a record that must be fine, and gives it as it is kept.
    fn created(&self, record: &Value) -> Value {
        let reply = self.create(record);
        assert_eq!(reply.status, 200, "{record}: {}", reply.text);
        reply.body["result"].clone()
    }

    /// All records, as text, to see whether anything changed.
    fn snapshot(&self) -> String {
        let path = format!("{}?per_page=5000", self.records());
        self.get(&path).body["result"].to_string()
    }
}

impl Reply {
    /// The first error's code, and that of what it wraps; 0 for none.
    fn codes(&self) -> (u64, u64) {
        let error = &self.body["errors"][0];
        let code = |value: &Value| value["code"].as_u64().unwrap_or(0);
        (code(error), code(&error["error_chain"][0]))
    }

    /// Status and codes; for tables.
    fn refusal(&self) -> (u16, u64, u64) {
        let (code, wrapped) = self.codes();
        assert_eq!(self.body["success"], json!(false), "{}", self.text);
        assert_eq!(self.body["result"], Value::Null, "{}", self.text);
        assert_eq!(self.body["messages"], json!([]), "{}", self.text);
        (self.status, code, wrapped)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The values of a field in a list.
fn column(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|one| text(&one[field])).collect()
}

fn send(address: &str, method: &str, path: &str, headers: &str, body: &Value) -> Option<Reply> {
    let body = match body {
        Value::Null => String::new(),
        // Text is sent as it is, to send what is no JSON.
        Value::String(text) => text.clone(),
        body => body.to_string(),
    };
    let kind = if headers.contains("Content-Type") {
        ""
    } else {
        "Content-Type: application/json\r\n"
    };
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{kind}{headers}\r\n{body}",
        body.len()
    )
    .expect("to send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, text) = answer.split_once("\r\n\r\n")?;
    Some(Reply {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        body: serde_json::from_str(text).unwrap_or_default(),
        text: text.to_owned(),
    })
}

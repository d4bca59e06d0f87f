//! The sandbox from outside: over HTTP, by boto3, and by its command.

mod behaviour;
mod cloudflare;
mod daemon;
mod faults;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use nex_sandbox::{Sandbox, SandboxOptions};

/// A sandbox of the test's own.
async fn start() -> Sandbox {
    Sandbox::start(SandboxOptions::default())
        .await
        .expect("a sandbox")
}

/// One call over a connection of its own: the status and the answer; none when it was lost.
fn http(
    endpoint: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Option<(u16, String)> {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .expect("to send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// A call that looks signed for `service`.
fn aws(
    endpoint: &str,
    service: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Option<(u16, String)> {
    let kind = if service == "secretsmanager" {
        "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: secretsmanager.CreateSecret\r\n"
    } else {
        "Content-Type: application/x-www-form-urlencoded\r\n"
    };
    let headers = format!(
        "{kind}Authorization: AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-3/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n"
    );
    http(endpoint, method, path, &headers, body)
}

/// An EC2 call by its form.
fn ec2(endpoint: &str, form: &str) -> Option<(u16, String)> {
    aws(
        endpoint,
        "ec2",
        "POST",
        "/",
        &format!("{form}&Version=2016-11-15"),
    )
}

/// Runs a Python script of `tests/it/scripts` after the prelude, against `endpoint`.
fn script(python: &Path, endpoint: &str, text: &str) {
    let whole = format!("{}\n{text}", include_str!("scripts/prelude.py"));
    let output = Command::new(python)
        .args(["-c", &whole, endpoint])
        .output()
        .expect("python");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

//! Tests of the sandbox over HTTP, with other programs as clients, and of its command.

mod behaviour;
mod cloudflare;
mod daemon;
mod faults;
mod http;
mod pages;
mod tls;
mod user_data;

use std::process::Command;

use nex_sandbox::{Sandbox, SandboxOptions};

/// A new sandbox.
async fn start() -> Sandbox {
    Sandbox::start(SandboxOptions::default())
        .await
        .expect("a sandbox")
}

/// Makes a call whose header looks as if it was signed for `service`. Returns the status and the
/// body, or `None` if there was no answer.
fn aws(
    endpoint: &str,
    service: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Option<(u16, String)> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-3/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let mut headers = vec![("Authorization", authorization.as_str())];
    if service == "secretsmanager" {
        headers.push(("Content-Type", "application/x-amz-json-1.1"));
        headers.push(("X-Amz-Target", "secretsmanager.CreateSecret"));
    } else {
        headers.push(("Content-Type", "application/x-www-form-urlencoded"));
    }
    let answer = http::send(method, &format!("{endpoint}{path}"), &headers, body)?;
    Some((answer.status().as_u16(), answer.into_body()))
}

/// Makes an EC2 call. `form` has the operation and its parameters.
fn ec2(endpoint: &str, form: &str) -> Option<(u16, String)> {
    aws(
        endpoint,
        "ec2",
        "POST",
        "/",
        &format!("{form}&Version=2016-11-15"),
    )
}

/// Runs a script of `tests/it/scripts` on a sandbox, after the prelude. Its first argument is the URL of the AWS gateway.
fn script(sandbox: &Sandbox, text: &str) {
    let program = format!("{}\n{text}", include_str!("scripts/prelude.py"));
    let output = Command::new(sandbox.python())
        .args(["-c", &program, sandbox.endpoint()])
        .env_remove("AWS_PROFILE")
        .envs(sandbox.env())
        .output()
        .expect("python");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

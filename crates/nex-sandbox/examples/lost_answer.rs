//! Starts a sandbox, loses the answer to the next mutating call, and shows what it saw.
//!
//! ```sh
//! cargo run -p nex-sandbox --example lost_answer
//! ```
#![allow(clippy::print_stdout)]

use std::io::{Read, Write};
use std::net::TcpStream;

use nex_sandbox::{Fault, Loss, Rule, Sandbox, SandboxError, SandboxOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SandboxError> {
    let sandbox = Sandbox::start(SandboxOptions::default()).await?;
    sandbox.add_rule(
        Rule::new(Fault::FailAfter { how: Loss::Drop })
            .mutating()
            .times(1),
    );
    for action in ["AllocateAddress", "DescribeAddresses"] {
        let answer = call_ec2(sandbox.endpoint(), action).unwrap_or_default();
        println!("{action}: {} bytes", answer.len());
    }
    for call in sandbox.calls() {
        println!(
            "{} {} status {:?} fault {:?}",
            call.number, call.operation, call.status, call.fault
        );
    }
    Ok(())
}

/// A call as an SDK would make it, less its signature, which the sandbox does not check.
fn call_ec2(endpoint: &str, action: &str) -> std::io::Result<String> {
    let address = endpoint.trim_start_matches("http://");
    let body = format!("Action={action}&Version=2016-11-15&Domain=vpc");
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-3/ec2/aws4_request\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

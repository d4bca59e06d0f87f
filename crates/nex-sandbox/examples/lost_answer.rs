//! Starts a sandbox, loses the answer to the next mutating call, and prints the journal.
//!
//! ```sh
//! cargo run -p nex-sandbox --example lost_answer
//! ```
#![allow(clippy::print_stdout)]

use nex_sandbox::{Fault, Loss, Rule, Sandbox, SandboxError, SandboxOptions};
use ureq::Agent;

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

/// Makes a call like an SDK, but without a signature, which the sandbox does not check.
fn call_ec2(endpoint: &str, action: &str) -> Result<String, ureq::Error> {
    // The proxy of the environment cannot reach this machine's loopback.
    let agent: Agent = Agent::config_builder().proxy(None).build().into();
    let form = [
        ("Action", action),
        ("Version", "2016-11-15"),
        ("Domain", "vpc"),
    ];
    let scope = "Credential=sandbox/20260101/eu-west-3/ec2/aws4_request";
    let mut answer = agent
        .post(endpoint)
        .header("Authorization", format!("AWS4-HMAC-SHA256 {scope}"))
        .send_form(form)?;
    answer.body_mut().read_to_string()
}

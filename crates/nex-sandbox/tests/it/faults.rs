//! The fault rules, the journal and the control API.

use std::time::{Duration, Instant};

use nex_sandbox::{Fault, Loss, Rule, Sandbox, SandboxOptions};

use crate::http::send;
use crate::{aws, ec2, start};

const ALLOCATE: &str = "Action=AllocateAddress&Domain=vpc";

fn addresses(sandbox: &Sandbox) -> usize {
    let (status, body) = ec2(sandbox.endpoint(), "Action=DescribeAddresses").expect("an answer");
    assert_eq!(status, 200);
    body.matches("<publicIp>").count()
}

#[tokio::test]
async fn the_server_executes_a_call_that_fails_after_it_but_not_before_it() {
    let sandbox = start().await;
    let endpoint = sandbox.endpoint();
    let seeded = addresses(&sandbox);

    sandbox.add_rule(
        Rule::new(Fault::FailBefore { how: Loss::Drop })
            .operation("Allocate*")
            .times(1),
    );
    assert_eq!(ec2(endpoint, ALLOCATE), None);
    assert_eq!(
        addresses(&sandbox),
        seeded,
        "the call did not reach the server"
    );

    sandbox.add_rule(
        Rule::new(Fault::FailAfter { how: Loss::Drop })
            .operation("Allocate*")
            .times(1),
    );
    assert_eq!(ec2(endpoint, ALLOCATE), None);
    assert_eq!(
        addresses(&sandbox),
        seeded + 1,
        "the server executed the call"
    );

    sandbox.add_rule(
        Rule::new(Fault::FailAfter { how: Loss::Error })
            .operation("Allocate*")
            .times(1),
    );
    let (status, body) = ec2(endpoint, ALLOCATE).expect("an answer");
    assert_eq!(status, 500);
    assert!(body.contains("<Code>InternalError</Code>"), "{body}");
    assert_eq!(addresses(&sandbox), seeded + 2);

    assert_eq!(
        ec2(endpoint, ALLOCATE).expect("an answer").0,
        200,
        "no rule applies any more"
    );
}

#[tokio::test]
async fn only_the_nth_mutating_call_fails() {
    let sandbox = start().await;
    sandbox.add_rule(
        Rule::new(Fault::FailBefore { how: Loss::Error })
            .mutating()
            .nth(2)
            .times(1),
    );
    let statuses: Vec<u16> = [ALLOCATE, "Action=DescribeVpcs", ALLOCATE, ALLOCATE]
        .iter()
        .map(|form| ec2(sandbox.endpoint(), form).expect("an answer").0)
        .collect();
    assert_eq!(statuses, [200, 200, 500, 200]);
    let calls = sandbox.calls();
    let fired: Vec<Option<&str>> = calls.iter().map(|call| call.fault.as_deref()).collect();
    assert_eq!(fired, [None, None, Some("fail_before"), None]);
    assert_eq!(calls[1].operation, "DescribeVpcs");
    assert!(!calls[1].mutating && calls[2].mutating);
    assert!(calls.iter().all(|call| call.duration_ms.is_some()));
}

#[tokio::test]
async fn each_service_has_its_own_throttling_error() {
    let sandbox = start().await;
    sandbox.add_rule(Rule::new(Fault::Throttle));
    for (service, method, path, expected_status, code) in [
        ("ec2", "POST", "/", 503, "<Code>RequestLimitExceeded</Code>"),
        ("autoscaling", "POST", "/", 400, "<Code>Throttling</Code>"),
        ("iam", "POST", "/", 400, "<Code>Throttling</Code>"),
        ("s3", "GET", "/some-bucket", 503, "<Code>SlowDown</Code>"),
        (
            "secretsmanager",
            "POST",
            "/",
            400,
            "\"__type\":\"ThrottlingException\"",
        ),
        ("dlm", "GET", "/policies", 429, "ThrottlingException"),
    ] {
        let (status, body) = aws(sandbox.endpoint(), service, method, path, "").expect("an answer");
        assert_eq!(status, expected_status, "{service}: {body}");
        assert!(body.contains(code), "{service}: {body}");
    }
    sandbox.clear_rules();
    assert_eq!(
        ec2(sandbox.endpoint(), "Action=DescribeVpcs")
            .expect("an answer")
            .0,
        200
    );
}

#[tokio::test]
async fn a_delay_applies_to_all_calls_or_to_those_of_a_rule() {
    let sandbox = start().await;
    let call_time = || {
        let start = Instant::now();
        ec2(sandbox.endpoint(), "Action=DescribeRegions").expect("an answer");
        start.elapsed()
    };
    assert!(call_time() < Duration::from_millis(150));
    sandbox.set_delay(Duration::from_millis(200));
    assert!(call_time() >= Duration::from_millis(200));
    sandbox.add_rule(Rule::new(Fault::Delay { ms: 200 }).service("ec2").times(1));
    assert!(call_time() >= Duration::from_millis(400));
    sandbox.set_delay(Duration::ZERO);
    assert!(call_time() < Duration::from_millis(150));
}

#[tokio::test]
async fn a_call_completes_after_its_client_disconnects() {
    use std::io::Write;
    let sandbox = start().await;
    let seeded = addresses(&sandbox);
    sandbox.add_rule(Rule::new(Fault::Delay { ms: 100 }).operation("AllocateAddress"));
    let body = format!("{ALLOCATE}&Version=2016-11-15");
    let address = sandbox.endpoint().trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-3/ec2/aws4_request\r\n\r\n{body}",
        body.len()
    )
    .expect("to send");
    // The call is in the journal, but its answer is delayed.
    while !sandbox
        .calls()
        .iter()
        .any(|call| call.operation == "AllocateAddress")
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(addresses(&sandbox), seeded + 1);
}

#[tokio::test]
async fn the_control_api_has_the_functions_of_the_library() {
    let sandbox = Sandbox::start(SandboxOptions {
        seed: false,
        ..SandboxOptions::default()
    })
    .await
    .expect("a sandbox");
    let endpoint = sandbox.endpoint();
    let control = |method: &str, path: &str, body: &str| {
        let answer = send(method, &format!("{endpoint}{path}"), &[], body).expect("an answer");
        (answer.status().as_u16(), answer.into_body())
    };
    let rule = r#"{"service":"ec2","operation":"Describe*","times":1,"fault":{"kind":"throttle"}}"#;
    assert_eq!(
        control("POST", "/_sandbox/rules", rule),
        (200, r#"{"ids":[1]}"#.into())
    );
    let two = format!("[{rule},{rule}]");
    assert_eq!(
        control("POST", "/_sandbox/rules", &two).1,
        r#"{"ids":[2,3]}"#
    );
    assert_eq!(control("DELETE", "/_sandbox/rules/2", "").0, 200);
    assert_eq!(control("DELETE", "/_sandbox/rules/2", "").0, 404);
    assert_eq!(sandbox.rules().len(), 2);
    let (status, error) = control("POST", "/_sandbox/rules", r#"{"fault":{"kind":"explode"}}"#);
    assert!(status == 400 && error.contains("explode"), "{error}");

    assert_eq!(
        ec2(endpoint, "Action=DescribeVpcs").expect("an answer").0,
        503
    );
    assert_eq!(control("DELETE", "/_sandbox/rules", "").0, 200);
    assert_eq!(
        ec2(endpoint, "Action=DescribeVpcs").expect("an answer").0,
        200
    );
    let (_, calls) = control("GET", "/_sandbox/calls", "");
    assert!(
        calls.contains(r#""number":2,"service":"ec2","operation":"DescribeVpcs""#),
        "{calls}"
    );
    control("DELETE", "/_sandbox/calls", "");
    assert!(
        sandbox.calls().is_empty(),
        "the journal does not contain control calls"
    );

    assert_eq!(
        control("PUT", "/_sandbox/delay", r#"{"ms":3}"#),
        (200, r#"{"ms":3}"#.into())
    );
    assert_eq!(control("GET", "/_sandbox/delay", "").1, r#"{"ms":3}"#);
    assert_eq!(control("PUT", "/_sandbox/lag", r#"{"ms":4}"#).0, 200);
    assert_eq!(control("GET", "/_sandbox/lag", "").1, r#"{"ms":4}"#);
    let (status, error) = control("PUT", "/_sandbox/lag", r#"{"s":4}"#);
    assert!(status == 400 && error.contains("invalid lag"), "{error}");
    assert_eq!(control("GET", "/_sandbox/nothing", "").0, 404);
}

#[tokio::test]
async fn with_a_lag_a_list_does_not_have_the_latest_change() {
    let sandbox = Sandbox::start(SandboxOptions {
        lag: Duration::from_secs(600),
        ..SandboxOptions::default()
    })
    .await
    .expect("a sandbox");
    let seeded = addresses(&sandbox);
    ec2(sandbox.endpoint(), ALLOCATE).expect("an answer");
    assert_eq!(addresses(&sandbox), seeded);
    sandbox.set_lag(Duration::ZERO);
    assert_eq!(addresses(&sandbox), seeded + 1);
}

#[tokio::test]
async fn the_gateway_is_fast() {
    let sandbox = start().await;
    sandbox.add_rule(Rule::new(Fault::FailBefore { how: Loss::Error }));
    let start = Instant::now();
    const CALLS: u32 = 200;
    for _ in 0..CALLS {
        ec2(sandbox.endpoint(), "Action=DescribeVpcs");
    }
    // Each call opens a connection. The limit allows for a debug build on a busy machine.
    assert!(start.elapsed() / CALLS < Duration::from_millis(5));
    let recorded: f64 = sandbox
        .calls()
        .iter()
        .filter_map(|call| call.duration_ms)
        .sum();
    assert!(recorded / f64::from(CALLS) < 1.0, "{recorded} ms in total");
}

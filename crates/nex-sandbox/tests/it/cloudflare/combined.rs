//! The stand-in as a part of a whole sandbox: its address, and one set of rules for both clouds.

use nex_sandbox::{Fault, Rule};
use serde_json::Value;

use super::send;

#[tokio::test]
async fn both_clouds_share_rules_calls_and_control() {
    let sandbox = crate::start().await;
    let env = sandbox.env();
    assert_eq!(env["CLOUDFLARE_BASE_URL"], sandbox.cloudflare_url());
    assert!(env.contains_key("AWS_ENDPOINT_URL"));
    let address = |url: &str| {
        let rest = url.trim_start_matches("http://");
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    let (aws, cloudflare) = (
        address(sandbox.endpoint()),
        address(sandbox.cloudflare_url()),
    );
    assert_ne!(aws, cloudflare);
    let get = |address: &str, path: &str| {
        send(address, "GET", path, "", &Value::Null).expect("an answer")
    };
    for port in [&aws, &cloudflare] {
        let root = get(port, "/_sandbox/cloudflare/ca").text;
        assert!(root.starts_with("-----BEGIN CERTIFICATE-----"), "{root}");
    }
    sandbox.add_rule(Rule::new(Fault::Throttle).service("ec2"));
    assert_eq!(get(&cloudflare, "/client/v4/ips").status, 200);
    let form = "Action=DescribeVpcs";
    assert_eq!(
        crate::ec2(sandbox.endpoint(), form).expect("an answer").0,
        503
    );
    let seen: Vec<String> = sandbox
        .calls()
        .into_iter()
        .map(|call| call.service)
        .collect();
    assert_eq!(seen, ["cloudflare", "ec2"]);
}

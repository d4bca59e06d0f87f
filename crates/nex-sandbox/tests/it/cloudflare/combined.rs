//! The Cloudflare emulator in a sandbox, which has one set of rules for both emulators.

use nex_sandbox::{Fault, Rule};
use serde_json::Value;

use super::send;

#[tokio::test]
async fn both_emulators_share_rules_journal_and_control_api() {
    let sandbox = crate::start().await;
    let env = sandbox.env();
    assert_eq!(env["CLOUDFLARE_BASE_URL"], sandbox.cloudflare_url());
    assert!(env.contains_key("AWS_ENDPOINT_URL"));
    let aws = sandbox.endpoint();
    let cloudflare = sandbox
        .cloudflare_url()
        .strip_suffix("/client/v4/")
        .expect("the path of the API");
    assert_ne!(aws, cloudflare);
    let get = |endpoint: &str, path: &str| {
        let url = format!("{endpoint}{path}");
        send("GET", &url, &[], &Value::Null).expect("an answer")
    };
    for endpoint in [aws, cloudflare] {
        let root = get(endpoint, "/_sandbox/cloudflare/ca").text;
        assert!(root.starts_with("-----BEGIN CERTIFICATE-----"), "{root}");
    }
    sandbox.add_rule(Rule::new(Fault::Throttle).service("ec2"));
    assert_eq!(get(cloudflare, "/client/v4/ips").status, 200);
    let form = "Action=DescribeVpcs";
    assert_eq!(crate::ec2(aws, form).expect("an answer").0, 503);
    let seen: Vec<String> = sandbox
        .calls()
        .into_iter()
        .map(|call| call.service)
        .collect();
    assert_eq!(seen, ["cloudflare", "ec2"]);
}

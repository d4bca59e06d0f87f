//! Fault rules and the journal for Cloudflare calls.

use nex_sandbox::{Fault, Loss, Rule};
use serde_json::{Value, json};

use super::{Api, bearer};

#[test]
fn rules_apply_to_cloudflare_calls() {
    let api = Api::start();
    let once = |fault: Fault| Rule::new(fault).service("cloudflare").times(1);
    let before = |how: Loss| once(Fault::FailBefore { how });
    let record = json!({ "type": "A", "name": "a", "content": "192.0.2.1" });

    api.sandbox.add_rule(once(Fault::Throttle));
    let throttled = api.create(&record);
    assert_eq!(throttled.refusal(), (429, 971, 0));
    assert_eq!(throttled.header("retry-after"), Some("1"));
    assert_eq!(throttled.header("ratelimit"), Some("\"default\";r=0;t=1"));

    api.sandbox.add_rule(before(Loss::Error));
    assert_eq!(api.create(&record).refusal().0, 500);
    api.sandbox.add_rule(before(Loss::Code(1100)));
    assert_eq!(api.create(&record).refusal(), (500, 1100, 0));
    for status in [502, 520, 200] {
        api.sandbox.add_rule(before(Loss::Html(status)));
        let page = api.create(&record);
        assert_eq!(page.status, status);
        assert!(page.text.starts_with("<!DOCTYPE html>"), "{}", page.text);
    }
    for (code, expected) in [("9109", 9109), ("Unknown", 0)] {
        api.sandbox.add_rule(once(Fault::Refuse {
            status: 403,
            code: code.into(),
            message: "Unauthorized".into(),
        }));
        let refused = api.create(&record);
        assert_eq!(refused.refusal(), (403, expected, 0));
        assert_eq!(refused.body["errors"][0]["message"], "Unauthorized");
    }
    let authorization = bearer(&api.token);
    let headers = [("Authorization", authorization.as_str())];
    let lost = |how: Fault| {
        api.sandbox.add_rule(once(how));
        api.raw("POST", &api.records(), &headers, &record).is_none()
    };
    let count = || api.snapshot().matches("\"a.paywithnex.com\"").count();
    assert!(lost(Fault::FailBefore { how: Loss::Drop }));
    assert_eq!(count(), 0, "the emulator did not receive the call");
    assert!(lost(Fault::FailAfter { how: Loss::Drop }));
    assert_eq!(count(), 1, "the emulator executed the call");
    assert_eq!(api.create(&record).refusal(), (400, 81058, 0));
}

#[test]
fn rules_in_json_and_the_journal() {
    let api = Api::start();
    api.control("DELETE", "calls", &Value::Null);
    let rule = json!({ "service": "cloudflare", "operation": "*Certificate", "times": 1,
        "fault": { "kind": "fail_before", "how": { "code": 1100 } } });
    api.control("POST", "rules", &rule);
    assert_eq!(api.get("zones").status, 200, "the rule does not match");
    let issue = api.call("POST", "certificates", &json!({}));
    assert_eq!(issue.refusal(), (500, 1100, 0));
    let calls = api.control("GET", "calls", &Value::Null).body;
    let seen: Vec<_> = calls
        .as_array()
        .expect("a list")
        .iter()
        .map(|call| {
            (
                call["operation"].as_str(),
                call["mutating"].as_bool(),
                call["fault"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Some("ListZones"), Some(false), None),
            (Some("CreateCertificate"), Some(true), Some("fail_before")),
        ]
    );
    assert_eq!(calls[0]["service"], "cloudflare");
}

//! A zone's settings.

use serde_json::json;

use super::{Api, column};

#[test]
fn each_setting_has_its_own_values() {
    let api = Api::start();
    let path = |name: &str| format!("zones/{}/settings/{name}", api.zone);
    for (name, default, new) in [
        ("ssl", "full", "strict"),
        ("ssl_automatic_mode", "auto", "custom"),
        ("min_tls_version", "1.0", "1.2"),
        ("always_use_https", "off", "on"),
        ("tls_client_auth", "off", "on"),
    ] {
        let before = &api.get(&path(name)).body["result"];
        assert_eq!(
            (&before["id"], &before["value"]),
            (&json!(name), &json!(default))
        );
        for bad in [
            json!({ "value": "nonsense" }),
            json!({ "value": 1.2 }),
            json!({}),
        ] {
            let refused = api.call("PATCH", &path(name), &bad);
            assert_eq!(refused.refusal(), (400, 1007, 0), "{name} {bad}");
        }
        let changed = api
            .call("PATCH", &path(name), &json!({ "value": new }))
            .body;
        assert_eq!(changed["result"]["value"], new);
        let after = api.get(&path(name)).body;
        assert_eq!(after["result"]["value"], new);
        assert!(after["result"]["modified_on"].is_string());
    }
    let all = api.get(&format!("zones/{}/settings", api.zone)).body;
    assert_eq!(column(&all["result"], "id").len(), 5);
    assert_eq!(api.get(&path("nonsense")).refusal(), (400, 1006, 0));
}

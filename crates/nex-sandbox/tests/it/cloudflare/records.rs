//! Records: names, contents, TTL, proxy, comments, tags, quota, and conflicts between records.

use serde_json::{Value, json};

use super::{Api, bearer, column, text};

#[test]
fn the_zone_starts_with_records_of_other_owners() {
    let api = Api::start();
    let all = api.get(&api.records()).body;
    let mut kinds = column(&all["result"], "type");
    kinds.sort();
    assert_eq!(kinds, ["A", "CAA", "MX", "MX", "TXT", "TXT"]);
    let caa = api.get(&format!("{}?type=CAA", api.records())).body;
    assert_eq!(caa["result"][0]["content"], "0 issue \"letsencrypt.org\"");
    assert_eq!(caa["result"][0]["data"]["tag"], "issue");
    let mx = api.get(&format!("{}?content.startswith=MX2", api.records()));
    assert_eq!(mx.body["result"][0]["priority"], 20);
}

#[test]
fn names_are_returned_in_full_and_in_punycode() {
    let api = Api::start();
    for (input, expected) in [
        ("GitLab", "gitlab.paywithnex.com"),
        ("registry.PayWithNex.com.", "registry.paywithnex.com"),
        ("@", "paywithnex.com"),
        ("*", "*.paywithnex.com"),
        ("forêt", "xn--fort-ipa.paywithnex.com"),
    ] {
        let made = api.created(&json!({ "type": "A", "name": input, "content": "192.0.2.1" }));
        assert_eq!(made["name"], expected);
        assert_eq!((&made["ttl"], &made["proxied"]), (&json!(1), &json!(false)));
        assert_eq!(made["id"].as_str().map(str::len), Some(32));
    }
    let cname = json!({ "type": "cname", "name": "a", "content": "B.Example.ORG." });
    let made = api.created(&cname);
    assert_eq!(
        (&made["type"], &made["content"]),
        (&json!("CNAME"), &json!("b.example.org"))
    );
}

#[test]
fn each_broken_rule_has_its_code() {
    let api = Api::start();
    let before = api.snapshot();
    for (fields, expected) in [
        (json!({ "content": "not an address" }), (9005, 0)),
        (json!({ "type": "AAAA", "content": "192.0.2.1" }), (9006, 0)),
        (json!({ "type": "CNAME", "content": "a b" }), (9007, 0)),
        (
            json!({ "type": "CNAME", "content": "x.paywithnex.com" }),
            (9039, 0),
        ),
        (json!({ "type": "NONSENSE" }), (1004, 9001)),
        (
            json!({ "type": "MX", "content": "mx.example.org" }),
            (1004, 9101),
        ),
        (
            json!({ "type": "CAA", "data": { "tag": "issue" } }),
            (1004, 9101),
        ),
        (json!({ "content": null }), (1004, 9101)),
        (json!({ "name": "a..b" }), (9000, 0)),
        (json!({ "ttl": 59 }), (1004, 9021)),
        (json!({ "ttl": 86401 }), (1004, 9021)),
        (json!({ "ttl": 0, "proxied": true }), (1004, 9021)),
        (json!({ "ttl": "soon" }), (9207, 0)),
        (json!({ "type": "TXT", "proxied": true }), (9004, 0)),
        (json!({ "content": "10.0.0.1", "proxied": true }), (9003, 0)),
        (json!({ "comment": "x".repeat(101) }), (9313, 0)),
        (json!({ "tags": ["owner:us"] }), (1004, 9300)),
    ] {
        let mut record = json!({ "type": "A", "name": "x", "content": "192.0.2.1" });
        for (key, value) in fields.as_object().expect("fields") {
            record[key] = value.clone();
        }
        let refused = api.create(&record);
        assert_eq!(refused.refusal().0, 400, "{record}: {}", refused.text);
        assert_eq!(refused.codes(), expected, "{record}: {}", refused.text);
    }
    let authorization = bearer(&api.token);
    let headers = [
        ("Content-Type", "text/plain"),
        ("Authorization", &authorization),
    ];
    let refused = api.raw("POST", &api.records(), &headers, &json!({}));
    assert_eq!(refused.expect("an answer").refusal(), (400, 9207, 0));
    let refused = api.create(&Value::String("{".into()));
    assert_eq!(refused.refusal(), (400, 9207, 0));
    assert_eq!(api.snapshot(), before, "nothing changed");
}

#[test]
fn a_paid_plan_has_higher_limits() {
    let api = Api::start();
    let new = json!({ "name": "example.net", "plan": "pro" });
    let id = text(&api.control("POST", "cloudflare/zones", &new).body["id"]);
    let record = json!({ "type": "A", "name": "x", "content": "192.0.2.1", "ttl": 60,
        "comment": "x".repeat(101), "tags": ["owner:us"] });
    let made = api.call("POST", &format!("zones/{id}/dns_records"), &record);
    assert_eq!(made.body["result"]["tags"], json!(["owner:us"]));
    assert_eq!(made.body["result"]["ttl"], 60);
}

#[test]
fn records_with_the_same_name_can_conflict() {
    let api = Api::start();
    let a = json!({ "type": "A", "name": "a", "content": "192.0.2.1", "ttl": 300 });
    let cname = json!({ "type": "CNAME", "name": "c", "content": "example.org" });
    api.created(&a);
    api.created(&cname);
    for (record, code) in [
        (
            json!({ "type": "CNAME", "name": "A", "content": "example.org" }),
            81053,
        ),
        (
            json!({ "type": "CNAME", "name": "c", "content": "example.net" }),
            81053,
        ),
        (cname.clone(), 81053),
        (
            json!({ "type": "A", "name": "c", "content": "192.0.2.1" }),
            81054,
        ),
        (
            json!({ "type": "AAAA", "name": "c", "content": "2001:db8::1" }),
            81054,
        ),
        (
            json!({ "type": "A", "name": "a", "content": "192.0.2.1", "ttl": 600 }),
            81057,
        ),
        (a.clone(), 81058),
        (
            json!({ "type": "NS", "name": "a", "content": "ns.example.org" }),
            81056,
        ),
    ] {
        assert_eq!(api.create(&record).refusal(), (400, code, 0), "{record}");
    }
    api.created(&json!({ "type": "A", "name": "a", "content": "192.0.2.2" }));
    api.created(&json!({ "type": "TXT", "name": "c", "content": "\"beside a CNAME\"" }));
    let second = json!({ "type": "A", "name": "b", "content": "192.0.2.9" });
    let id = text(&api.created(&second)["id"]);
    let path = format!("{}/{id}", api.records());
    let onto = json!({ "name": "a", "content": "192.0.2.2" });
    assert_eq!(api.call("PATCH", &path, &onto).refusal(), (400, 81058, 0));
}

#[test]
fn put_replaces_and_patch_merges() {
    let api = Api::start();
    let record = json!({ "type": "A", "name": "a", "content": "51.44.133.121", "ttl": 300,
        "comment": "ours" });
    let made = api.created(&record);
    let path = format!("{}/{}", api.records(), text(&made["id"]));

    let patched = api.call("PATCH", &path, &json!({ "content": "51.44.133.122" }));
    let patched = &patched.body["result"];
    assert_eq!(patched["content"], "51.44.133.122");
    assert_eq!(
        (&patched["ttl"], &patched["comment"]),
        (&json!(300), &json!("ours"))
    );
    assert_eq!(patched["created_on"], made["created_on"]);
    let proxied = api.call("PATCH", &path, &json!({ "proxied": true, "ttl": 600 }));
    assert_eq!(
        proxied.body["result"]["ttl"], 1,
        "a proxied record has an automatic TTL"
    );
    let bare = api.call("PATCH", &path, &json!({ "comment": null }));
    assert_eq!(bare.body["result"]["comment"], Value::Null);
    assert_eq!(bare.body["result"]["proxied"], true);

    let put = json!({ "type": "A", "name": "a", "content": "51.44.133.123" });
    let put = api.call("PUT", &path, &put).body;
    assert_eq!(put["result"]["proxied"], false);
    let part = api.call("PUT", &path, &json!({ "content": "51.44.133.124" }));
    assert_eq!(part.refusal(), (400, 1004, 9101), "PUT needs all fields");

    let gone = api.call("DELETE", &path, &Value::Null);
    assert_eq!(gone.body["result"], json!({ "id": made["id"] }));
    assert_eq!(
        api.call("DELETE", &path, &Value::Null).refusal(),
        (404, 81044, 0)
    );

    let caa = &api.get(&format!("{}?type=CAA", api.records())).body["result"][0];
    let path = format!("{}/{}", api.records(), text(&caa["id"]));
    let by_text = json!({ "content": "0 issue \"pki.goog\"" });
    let caa = api.call("PATCH", &path, &by_text).body;
    assert_eq!(caa["result"]["data"]["value"], "pki.goog");
}

#[test]
fn a_zone_has_a_record_quota() {
    let api = Api::start();
    api.control("PATCH", "cloudflare/config", &json!({ "record_quota": 7 }));
    api.created(&json!({ "type": "A", "name": "a", "content": "192.0.2.1" }));
    let more = json!({ "type": "A", "name": "b", "content": "192.0.2.1" });
    assert_eq!(api.create(&more).refusal(), (400, 81045, 0));
    api.control(
        "PATCH",
        "cloudflare/config",
        &json!({ "record_quota": null }),
    );
    api.created(&more);
}

#[test]
fn a_record_of_another_product_is_read_only() {
    let api = Api::start();
    let managed = |record: Value, meta: Value| {
        let new = json!({ "zone": api.zone, "record": record, "meta": meta });
        api.control("POST", "cloudflare/records", &new).body
    };
    let worker = json!({ "type": "AAAA", "name": "app", "content": "100::", "proxied": true });
    let worker = managed(
        worker,
        json!({ "read_only": true, "origin_worker_id": "0af1" }),
    );
    let mail = json!({ "type": "TXT", "name": "cf2024-1._domainkey", "content": "v=DKIM1" });
    managed(mail, json!({ "read_only": true, "email_routing": true }));
    let listed = api.get(&format!("{}?type=AAAA", api.records())).body;
    assert_eq!(listed["result"][0], worker);
    assert_eq!(worker["meta"]["read_only"], true);

    let before = api.snapshot();
    let path = format!("{}/{}", api.records(), text(&worker["id"]));
    let change = json!({ "type": "AAAA", "name": "app", "content": "2001:db8::1" });
    for (method, body) in [
        ("PATCH", &change),
        ("PUT", &change),
        ("DELETE", &Value::Null),
    ] {
        let refused = api.call(method, &path, body);
        assert_eq!(refused.refusal(), (400, 1004, 0), "{method}");
        assert!(refused.text.contains("read-only"), "{}", refused.text);
    }
    let delete = json!({ "deletes": [{ "id": worker["id"] }] });
    let batch = api.call("POST", &format!("{}/batch", api.records()), &delete);
    assert_eq!(batch.refusal(), (400, 1004, 0));
    for kind in [
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
        ("CNAME", "example.org"),
    ] {
        let record = json!({ "type": kind.0, "name": "app", "content": kind.1 });
        assert_eq!(api.create(&record).refusal(), (400, 81062, 0), "{record}");
    }
    assert_eq!(api.snapshot(), before);
    api.created(&json!({ "type": "TXT", "name": "app", "content": "beside it" }));
}

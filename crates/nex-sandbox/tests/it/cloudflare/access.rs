//! Tokens, scopes, paths, paging, and the rate limit.

use serde_json::{Value, json};

use super::{Api, bearer, column, text};

#[test]
fn a_call_needs_a_token_with_the_right_scopes() {
    let api = Api::start();
    let refusal = |headers: &[(&str, &str)], path: &str| {
        let reply = api.raw("GET", path, headers, &Value::Null);
        reply.expect("an answer").refusal()
    };
    let with = |authorization: &str, path: &str| refusal(&[("Authorization", authorization)], path);
    let zones = "zones";
    assert_eq!(refusal(&[], zones), (400, 9106, 0));
    let malformed = (400, 6003, 6111);
    assert_eq!(with("Bearer short", zones), malformed);
    assert_eq!(with(&format!("Basic {}", api.token), zones), malformed);
    assert_eq!(
        refusal(&[("X-Auth-Key", "0"), ("X-Auth-Email", "a@b")], zones),
        (400, 6003, 6103)
    );
    let unknown = bearer(&"x".repeat(40));
    assert_eq!(with(&unknown, zones), (403, 9109, 0));
    assert_eq!(with(&unknown, "user/tokens/verify"), (401, 1000, 0));

    let reader = bearer(&api.token(&json!(["zone:read", "dns:read"])));
    let reader = [("Authorization", reader.as_str())];
    let records = api.records();
    let as_reader = |method: &str, path: &str, body: Value| {
        let reply = api.raw(method, path, &reader, &body).expect("an answer");
        (reply.status, reply.codes().0)
    };
    assert_eq!(as_reader("GET", &records, Value::Null), (200, 0));
    assert_eq!(as_reader("POST", &records, json!({})), (403, 10000));
    let setting = format!("zones/{}/settings/ssl", api.zone);
    assert_eq!(as_reader("GET", &setting, Value::Null), (403, 10000));
    assert_eq!(as_reader("POST", "certificates", json!({})), (403, 10000));
    let editor = bearer(&api.token(&json!(["dns:edit"])));
    let headers = [("Authorization", editor.as_str())];
    let reply = api.raw("GET", &records, &headers, &Value::Null);
    assert_eq!(reply.expect("an answer").status, 200, "edit includes read");
    assert_eq!(with(&editor, zones), (403, 10000, 0));
}

#[test]
fn each_owner_verifies_only_its_own_tokens() {
    let api = Api::start();
    let mine = api.get("user/tokens/verify");
    assert_eq!(mine.body["result"]["status"], "active");
    assert_eq!(
        mine.body["messages"][0]["message"],
        "This API Token is valid and active"
    );

    let new = json!({ "scopes": [], "of_account": true });
    let new = api.control("POST", "cloudflare/tokens", &new).body;
    let authorization = bearer(&text(&new["token"]));
    let verify = |path: &str| {
        let headers = [("Authorization", authorization.as_str())];
        let reply = api.raw("GET", path, &headers, &Value::Null);
        let reply = reply.expect("an answer");
        (reply.status, reply.codes().0)
    };
    let of_account = format!("accounts/{}/tokens/verify", text(&new["account"]));
    assert_eq!(verify(&of_account), (200, 0));
    assert_eq!(verify("user/tokens/verify"), (401, 1000));
    assert_eq!(api.get(&of_account).refusal(), (401, 1000, 0));
}

#[test]
fn a_path_without_an_object_has_no_route() {
    let api = Api::start();
    let other = "0".repeat(32);
    for path in [
        "zones/paywithnex.com/dns_records".to_owned(),
        format!("zones/{other}"),
        format!("zones/{other}/dns_records"),
        format!("zones/{}/dns_records/nonsense", api.zone),
        "certificates/nonsense".to_owned(),
        "certificates/123".to_owned(),
        "nothing".to_owned(),
    ] {
        let reply = api.get(&path);
        assert_eq!(reply.refusal(), (404, 7003, 0), "{path}");
        let message = text(&reply.body["errors"][0]["message"]);
        assert!(message.starts_with("Could not route to /"), "{message}");
    }
    let path = format!("zones/{}/dns_records/{other}", api.zone);
    assert_eq!(api.get(&path).refusal(), (404, 81044, 0));

    let networks = api.raw("GET", "ips", &[], &Value::Null).expect("an answer");
    let count = |kind: &str| networks.body["result"][kind].as_array().map(Vec::len);
    assert_eq!(count("ipv4_cidrs"), Some(15));
    assert_eq!(count("ipv6_cidrs"), Some(7));
    assert!(networks.body["result"]["etag"].is_string());
}

#[test]
fn zones_are_found_by_name_and_lists_have_pages() {
    let api = Api::start();
    let zone = &api.get("zones?name=paywithnex.com").body["result"][0];
    assert_eq!(zone["status"], "active");
    assert_eq!(zone["plan"]["legacy_id"], "free");
    assert_eq!(zone["name_servers"].as_array().map(Vec::len), Some(2));
    let none = api.get("zones?name=example.org").body;
    assert_eq!(none["result"], json!([]));
    assert_eq!(none["result_info"]["total_count"], 0);

    let new = json!({ "name": "example.net", "plan": "pro" });
    let id = text(&api.control("POST", "cloudflare/zones", &new).body["id"]);
    let records = format!("zones/{id}/dns_records");
    for number in 0..23 {
        let record = json!({ "type": "A", "name": format!("h{number}"), "content": "192.0.2.1" });
        assert_eq!(api.call("POST", &records, &record).status, 200);
    }
    let mut names = Vec::new();
    for (page, count) in [(1, 10), (2, 10), (3, 3), (4, 0)] {
        let reply = api.get(&format!("{records}?page={page}&per_page=10")).body;
        assert_eq!(
            reply["result_info"],
            json!({ "page": page, "per_page": 10, "count": count, "total_count": 23, "total_pages": 3 })
        );
        names.extend(column(&reply["result"], "name"));
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 23);
    let default = api.get(&records).body;
    assert_eq!(default["result_info"]["per_page"], 100);
    for query in ["zones?per_page=51", "zones?per_page=4", "zones?page=0"] {
        assert_eq!(api.get(query).status, 400, "{query}");
    }
    let one = api.get(&format!("{records}?name.exact=h7.example.net&type=A"));
    assert_eq!(one.body["result_info"]["count"], 1);
}

#[test]
fn an_internationalised_zone_is_listed_in_unicode_and_its_records_in_punycode() {
    let api = Api::start();
    let new = json!({ "name": "bücher.example" });
    let id = text(&api.control("POST", "cloudflare/zones", &new).body["id"]);
    let named = |name: &str| api.get(&format!("zones?name={name}")).body["result"].clone();
    let zone = &named("b%C3%BCcher.example")[0];
    assert_eq!(
        (&zone["id"], &zone["name"]),
        (&json!(id), &json!("bücher.example"))
    );
    assert_eq!(named("xn--bcher-kva.example"), json!([]));
    let record = json!({ "type": "A", "name": "größe.bücher.example", "content": "192.0.2.1" });
    let made = api.call("POST", &format!("zones/{id}/dns_records"), &record);
    let name = &made.body["result"]["name"];
    assert_eq!(name, "xn--gre-6ka8i.xn--bcher-kva.example");
}

#[test]
fn each_token_has_its_own_rate_limit() {
    let api = Api::start();
    let policy = api.get("zones");
    assert_eq!(
        policy.header("ratelimit-policy"),
        Some("\"default\";q=1200;w=300")
    );
    let short = json!({ "rate_limit": 3, "rate_window_s": 2 });
    api.control("PATCH", "cloudflare/config", &short);
    let fresh = bearer(&api.token(&json!(["zone:read"])));
    let headers = [("Authorization", fresh.as_str())];
    let call = || {
        api.raw("GET", "zones", &headers, &Value::Null)
            .expect("an answer")
    };
    let left: Vec<_> = (0..3)
        .map(|_| call().header("ratelimit").map(str::to_owned))
        .collect();
    assert_eq!(left[0].as_deref(), Some("\"default\";r=2;t=2"));
    assert!(
        left[2]
            .as_deref()
            .is_some_and(|left| left.starts_with("\"default\";r=0;"))
    );
    let refused = call();
    assert_eq!(refused.refusal(), (429, 971, 0));
    let wait: u64 = refused
        .header("retry-after")
        .and_then(|wait| wait.parse().ok())
        .expect("seconds");
    assert!((1..=2).contains(&wait));
    std::thread::sleep(std::time::Duration::from_secs(wait));
    assert_eq!(call().status, 200, "a new window has begun");
}

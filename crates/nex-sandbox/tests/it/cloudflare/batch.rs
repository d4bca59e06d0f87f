//! Batches: their order, their size, and that they are atomic.

use serde_json::{Value, json};

use super::{Api, text};

fn batch(api: &Api, body: &Value) -> super::Reply {
    api.call("POST", &format!("{}/batch", api.records()), body)
}

#[test]
fn deletes_come_first_and_posts_last() {
    let api = Api::start();
    let a = |name: &str| json!({ "type": "A", "name": name, "content": "192.0.2.1" });
    let id = |name: &str| text(&api.created(&a(name))["id"]);
    let (gone, patched, put) = (id("gone"), id("patched"), id("put"));
    // In any other order, some of these changes conflict.
    let reply = batch(
        &api,
        &json!({
            "posts": [{ "type": "CNAME", "name": "put", "content": "example.org" }],
            "puts": [{ "id": put, "type": "A", "name": "patched", "content": "192.0.2.1" }],
            "patches": [{ "id": patched, "name": "gone" }],
            "deletes": [{ "id": gone }],
        }),
    );
    assert_eq!(reply.status, 200, "{}", reply.text);
    let result = &reply.body["result"];
    assert_eq!(result["deletes"][0]["name"], "gone.paywithnex.com");
    assert_eq!(result["patches"][0]["name"], "gone.paywithnex.com");
    assert_eq!(result["puts"][0]["name"], "patched.paywithnex.com");
    assert_eq!(result["posts"][0]["type"], "CNAME");
}

#[test]
fn one_invalid_change_reverts_the_batch() {
    let api = Api::start();
    let kept =
        text(&api.created(&json!({ "type": "A", "name": "a", "content": "192.0.2.1" }))["id"]);
    let before = api.snapshot();
    for (bad, codes) in [
        (
            json!({ "posts": [{ "type": "A", "name": "x", "content": "nonsense" }] }),
            (9005, 0),
        ),
        (
            json!({ "puts": [{ "id": "0".repeat(32), "type": "A", "name": "x", "content": "192.0.2.1" }] }),
            (81044, 0),
        ),
        (
            json!({ "posts": [{ "type": "TXT", "name": "@", "content": "x", "ttl": 2 }] }),
            (1004, 9021),
        ),
        (json!({ "posts": "all" }), (9207, 0)),
    ] {
        let mut body = json!({
            "deletes": [{ "id": kept }],
            "posts": [{ "type": "A", "name": "fine", "content": "192.0.2.1" }],
        });
        for (key, value) in bad.as_object().expect("changes") {
            match (&mut body[key], value) {
                (Value::Array(list), Value::Array(more)) => list.extend(more.clone()),
                (slot, value) => *slot = value.clone(),
            }
        }
        assert_eq!(batch(&api, &body).codes(), codes, "{body}");
        assert_eq!(api.snapshot(), before);
    }
}

#[test]
fn the_maximum_size_depends_on_the_plan() {
    let api = Api::start();
    let posts = |count: usize| {
        let posts: Vec<Value> = (0..count)
            .map(|n| json!({ "type": "A", "name": format!("h{n}"), "content": "192.0.2.1" }))
            .collect();
        json!({ "posts": posts })
    };
    let before = api.snapshot();
    assert_eq!(batch(&api, &posts(201)).refusal().0, 400);
    // The batch may have 200 changes, but the zone already has 6 of its 200 records.
    assert_eq!(batch(&api, &posts(200)).refusal(), (400, 81045, 0));
    assert_eq!(api.snapshot(), before);
    assert_eq!(batch(&api, &posts(194)).status, 200);

    let new = json!({ "name": "example.net", "plan": "pro" });
    let id = text(&api.control("POST", "cloudflare/zones", &new).body["id"]);
    let path = format!("zones/{id}/dns_records/batch");
    assert_eq!(api.call("POST", &path, &posts(300)).status, 200);
    let list = format!("zones/{id}/dns_records?per_page=5000");
    assert_eq!(api.get(&list).body["result_info"]["count"], 300);
}

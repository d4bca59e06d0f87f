//! What is sent, and how the answers are read.

use strum::VariantArray as _;

use super::*;

#[tokio::test]
async fn a_zone_is_read_with_all_pages_and_kinds() {
    let server = server().await;
    let odd = json!({"id": "5", "type": "CAA", "name": "example.com", "data": {"flags": 0, "tag": "issue"}});
    let mut routed = record("3", "TXT", "example.com", "x");
    routed["meta"] = json!({"email_routing": true, "read_only": true});
    for (at, list) in [
        (1, vec![record("1", "A", "a.example.com", "192.0.2.1"), odd]),
        (
            2,
            vec![
                record("1", "A", "a.example.com", "192.0.2.1"),
                record("2", "HTTPS", "a.example.com", "1 ."),
            ],
        ),
        (3, vec![routed]),
    ] {
        Mock::given(method("GET"))
            .and(path("/client/v4/zones/z1/dns_records"))
            .and(query_param("page", at.to_string()))
            .and(header("authorization", format!("Bearer {TOKEN}")))
            .respond_with(page(list, at, 3))
            .mount(&server)
            .await;
    }
    let zone = client(&server).await.zone(&query()).await.expect("a zone");
    let ids: Vec<_> = zone
        .records
        .iter()
        .map(|r| format!("{} {}", r.id, r.kind))
        .collect();
    assert_eq!(ids, ["1 A", "5 CAA", "2 HTTPS", "3 TXT"]);
    let read_only: Vec<_> = zone.records.iter().map(|r| r.read_only).collect();
    assert_eq!(read_only, [false, false, false, true]);
    assert_eq!(zone.id.as_str(), "z1");
}

#[tokio::test]
async fn a_plan_for_300_records_takes_four_calls() {
    let server = server().await;
    let all = (0..300).map(|n| {
        record(
            &n.to_string(),
            "A",
            &format!("n{n}.example.com"),
            "192.0.2.1",
        )
    });
    on(
        &server,
        "GET",
        "zones/z1/dns_records",
        page(all.collect(), 1, 1),
    )
    .await;
    let settings = Setting::VARIANTS
        .iter()
        .map(|s| json!({"id": s.to_string(), "value": "off"}));
    let ttl = json!({"id": "browser_cache_ttl", "value": 14400});
    on(
        &server,
        "GET",
        "zones/z1/settings",
        good(settings.chain([ttl]).collect()),
    )
    .await;
    on(&server, "GET", "certificates", page(vec![], 1, 1)).await;
    let query = ZoneQuery {
        settings: Setting::VARIANTS.iter().copied().collect(),
        certificates: Some([].into()),
        ..query()
    };
    let zone = client(&server).await.zone(&query).await.expect("a zone");
    assert_eq!((zone.records.len(), zone.settings.len()), (300, 5));
    assert_eq!(calls(&server).await, 4);
}

#[tokio::test]
async fn a_setting_that_the_list_lacks_is_read_alone() {
    let server = server().await;
    on(&server, "GET", "zones/z1/dns_records", page(vec![], 1, 1)).await;
    on(
        &server,
        "GET",
        "zones/z1/settings",
        good(json!([{"id": "ssl", "value": "full"}])),
    )
    .await;
    let alone = json!({"id": "ssl_automatic_mode", "value": "auto"});
    on(
        &server,
        "GET",
        "zones/z1/settings/ssl_automatic_mode",
        good(alone),
    )
    .await;
    let query = ZoneQuery {
        settings: [Setting::Ssl, Setting::SslAutomaticMode].into(),
        ..query()
    };
    let zone = client(&server).await.zone(&query).await.expect("a zone");
    let values: Vec<_> = zone.settings.values().map(String::as_str).collect();
    assert_eq!(values, ["auto", "full"]);
}

#[tokio::test]
async fn settings_are_read_alone_where_their_list_is_refused() {
    let server = server().await;
    on(&server, "GET", "zones/z1/dns_records", page(vec![], 1, 1)).await;
    on(&server, "GET", "zones/z1/settings", code(403, 9109)).await;
    let alone = json!({"id": "ssl", "value": "full"});
    on(&server, "GET", "zones/z1/settings/ssl", good(alone)).await;
    let query = ZoneQuery {
        settings: [Setting::Ssl].into(),
        ..query()
    };
    let zone = client(&server).await.zone(&query).await.expect("a zone");
    assert_eq!(zone.settings[&Setting::Ssl], "full");
}

#[tokio::test]
async fn edge_networks_are_read() {
    let server = server().await;
    let built_in = edge::built_in();
    let list =
        json!({"etag": "38f79d05", "ipv4_cidrs": built_in.ipv4, "ipv6_cidrs": built_in.ipv6});
    on(&server, "GET", "ips", good(list)).await;
    let networks = client(&server)
        .await
        .edge_networks()
        .await
        .expect("networks");
    assert_eq!(networks, built_in);
}

#[tokio::test]
async fn no_zone_is_an_error_and_of_two_the_active_one_is_taken() {
    let server = MockServer::start().await;
    on(
        &server,
        "GET",
        "zones",
        page(vec![json!({"id": "z9", "name": "notexample.com"})], 1, 1),
    )
    .await;
    let error = client(&server)
        .await
        .zone(&query())
        .await
        .expect_err("none");
    expect![[r#"
        the API token has access to 0 zones named example.com; expected one
          hint: check the zone's name, and that the token's scope Zone Read covers this zone
    "#]]
    .assert_eq(&shown(&error));
    server.reset().await;
    let two = ["active", "pending"]
        .map(|status| json!({"id": status, "name": "example.com", "status": status}));
    on(&server, "GET", "zones", page(two.into(), 1, 1)).await;
    on(
        &server,
        "GET",
        "zones/active/dns_records",
        page(vec![], 1, 1),
    )
    .await;
    assert_eq!(
        client(&server)
            .await
            .zone(&query())
            .await
            .expect("the active one")
            .id
            .as_str(),
        "active"
    );
}

#[tokio::test]
async fn certificates_are_live_ones_and_a_known_one_is_not_missed() {
    let server = server().await;
    let one = |id: &str, end: &str, revoked: Value| {
        json!({"id": id, "certificate": "none", "hostnames": ["*.example.com"], "expires_on": end, "revoked_at": revoked,
               "request_type": "origin-ecc", "requested_validity": 90})
    };
    let listed = vec![
        one("1", "2040-04-05 13:40:00 +0000 UTC", json!(null)),
        one("2", "2040-04-05T13:40:00Z", json!("2026-01-01T00:00:00Z")),
    ];
    Mock::given(method("GET"))
        .and(path("/client/v4/certificates"))
        .and(query_param("zone_id", "z1"))
        .respond_with(page(listed, 1, 1))
        .mount(&server)
        .await;
    on(
        &server,
        "GET",
        "certificates/3",
        good(one("3", "2040-04-05T13:40:00Z", json!(null))),
    )
    .await;
    on(&server, "GET", "certificates/4", code(404, 1101)).await;
    let known = ["1", "3", "4"].map(CertificateId::new).into();
    let live = client(&server)
        .await
        .certificates(&zone_id(), &known)
        .await
        .expect("certificates");
    let ids: Vec<_> = live.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["1", "3"]);
    assert_eq!(live[0].expires, live[1].expires);
}

#[tokio::test]
async fn several_changes_are_one_batch_and_one_is_a_call_of_its_own() {
    let server = server().await;
    Mock::given(path_regex("/client/v4/zones/z1/dns_records.*"))
        .respond_with(good(json!({})))
        .mount(&server)
        .await;
    let client = client(&server).await;
    let steps = steps();
    client
        .writer()
        .records(&zone_id(), &steps)
        .await
        .expect("done");
    let mut text = sent(&server).await;
    for step in &steps {
        client
            .writer()
            .records(&zone_id(), std::slice::from_ref(step))
            .await
            .expect("done");
        text.push_str(&sent(&server).await);
    }
    expect![[r#"
        POST /client/v4/zones/z1/dns_records/batch
        {
          "deletes": [
            {
              "id": "1"
            }
          ],
          "patches": [
            {
              "content": "192.0.2.2",
              "id": "2",
              "proxied": true,
              "ttl": 1
            }
          ],
          "posts": [
            {
              "comment": "managed by nex (nex-staging)",
              "content": "203.0.113.7",
              "name": "new.example.com",
              "proxied": true,
              "ttl": 1,
              "type": "A"
            }
          ]
        }
        POST /client/v4/zones/z1/dns_records
        {
          "comment": "managed by nex (nex-staging)",
          "content": "203.0.113.7",
          "name": "new.example.com",
          "proxied": true,
          "ttl": 1,
          "type": "A"
        }
        DELETE /client/v4/zones/z1/dns_records/1
        null
        PATCH /client/v4/zones/z1/dns_records/2
        {
          "content": "192.0.2.2",
          "proxied": true,
          "ttl": 1
        }
    "#]]
    .assert_eq(&text);
}

#[tokio::test]
async fn a_zone_that_is_listed_in_unicode_is_found() {
    let server = MockServer::start().await;
    let listed = json!({"id": "z1", "name": "bücher.example"});
    let of = |name: &str, zones: Vec<Value>| {
        Mock::given(path("/client/v4/zones"))
            .and(query_param("name", name))
            .respond_with(page(zones, 1, 1))
    };
    for form in ["xn--bcher-kva.example", "bücher.example"] {
        server.reset().await;
        on(&server, "GET", "zones/z1/dns_records", page(vec![], 1, 1)).await;
        of(form, vec![listed.clone()])
            .with_priority(1)
            .mount(&server)
            .await;
        on(&server, "GET", "zones", page(vec![], 1, 1)).await;
        let query = ZoneQuery {
            zone: "xn--bcher-kva.example".to_owned(),
            ..query()
        };
        let zone = client(&server).await.zone(&query).await;
        assert_eq!(zone.expect(form).id, zone_id());
    }
}

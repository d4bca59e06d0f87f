//! What goes wrong, and what the user reads then.

use nex_dns::client::Writer;

use super::*;

/// Every code that users meet says what to do.
#[tokio::test]
async fn each_code_says_what_to_do() {
    let codes = [
        1012, 1100, 6003, 7003, 9003, 9109, 10000, 81044, 81045, 81053, 81054, 81055, 81056, 81057,
        81058, 81062,
    ];
    let server = server().await;
    let mut text = String::new();
    for number in codes {
        server.reset().await;
        on(&server, "GET", "ips", code(400, number)).await;
        let error = client(&server).await.edge_networks().await;
        let error = error.expect_err("refused");
        let exists = error.kind() == ErrorKind::AlreadyExists;
        assert_eq!(exists, (81053..=81062).contains(&number), "{number}");
        text.push_str(&shown(&error));
    }
    for message in [
        "Cannot use the access token from location: 192.0.2.2",
        "Unauthorized to access requested resource",
    ] {
        server.reset().await;
        let errors = json!([{"code": 9109, "message": message}]);
        on(&server, "GET", "ips", bad(403, errors)).await;
        let error = client(&server).await.edge_networks().await;
        text.push_str(&shown(&error.expect_err("refused")));
    }
    for chain in [9021, 9300, 6111] {
        server.reset().await;
        let chain = json!([{"code": chain, "message": "The cause."}]);
        let errors =
            json!([{"code": 1004, "message": "DNS Validation Error", "error_chain": chain}]);
        on(&server, "GET", "ips", bad(400, errors)).await;
        text.push_str(&shown(
            &client(&server)
                .await
                .edge_networks()
                .await
                .expect_err("refused"),
        ));
    }
    expect![[r#"
        failed to read Cloudflare's edge networks: Some message (1012)
          hint: the list of certificates needs the zone's id: report this as a defect
        failed to read Cloudflare's edge networks: Some message (1100)
          hint: the Origin CA has a temporary fault: run again in a minute
        failed to read Cloudflare's edge networks: Some message (6003)
          hint: the token has an extra character, such as a quote or a line break: copy the token again
        failed to read Cloudflare's edge networks: Some message (7003)
          hint: an id is of the wrong form: plan again, and adopt by the ids that the plan shows
        failed to read Cloudflare's edge networks: Some message (9003)
          hint: this content can't be proxied: proxied = false, or another content
        failed to read Cloudflare's edge networks: Some message (9109)
          hint: the token was deleted or has expired: make a new one
        failed to read Cloudflare's edge networks: Some message (10000)
          hint: give the token the scopes Zone Read, DNS Edit, SSL and Certificates Edit and Zone Settings Edit for this zone
        failed to read Cloudflare's edge networks: Some message (81044)
          hint: the record is gone: plan again
        failed to read Cloudflare's edge networks: Some message (81045)
          hint: the zone has as many records as its plan allows: delete some, or change the plan
        failed to read Cloudflare's edge networks: Some message (81053)
          hint: an A, AAAA or CNAME record has this name already: adopt it, or choose another name
        failed to read Cloudflare's edge networks: Some message (81054)
          hint: a CNAME record has this name already and allows no others: adopt it, or choose another name
        failed to read Cloudflare's edge networks: Some message (81055)
          hint: NS records delegate this name to other servers: choose another name, or delete the NS records
        failed to read Cloudflare's edge networks: Some message (81056)
          hint: NS records delegate this name to other servers: choose another name, or delete the NS records
        failed to read Cloudflare's edge networks: Some message (81057)
          hint: the same record exists already: adopt it, or remove it from the spec
        failed to read Cloudflare's edge networks: Some message (81058)
          hint: the same record exists already: adopt it, or remove it from the spec
        failed to read Cloudflare's edge networks: Some message (81062)
          hint: Workers keeps a record of this name, which nobody can change: choose another name, or remove the name from the custom domains in Workers & Pages
        failed to read Cloudflare's edge networks: Cannot use the access token from location: 192.0.2.2 (9109)
          hint: the token's Client IP Address Filtering shuts out this machine's address: add the address at dash.cloudflare.com, My Profile, API Tokens
        failed to read Cloudflare's edge networks: Unauthorized to access requested resource (9109)
          hint: give the token the scopes Zone Read, DNS Edit, SSL and Certificates Edit and Zone Settings Edit for this zone
        failed to read Cloudflare's edge networks: DNS Validation Error (1004): The cause (9021)
          hint: ttl must be 1 for automatic, or 60 to 86400; a proxied record must have 1
        failed to read Cloudflare's edge networks: DNS Validation Error (1004): The cause (9300)
          hint: the zone's plan does not support tags: remove the tags from the record at Cloudflare
        failed to read Cloudflare's edge networks: DNS Validation Error (1004): The cause (6111)
          hint: the token has an extra character, such as a quote or a line break: copy the token again
    "#]].assert_eq(&text);
}

async fn check(answer: ResponseTemplate, expected: Expect) {
    let server = server().await;
    on(&server, "GET", "ips", answer).await;
    let error = client(&server)
        .await
        .edge_networks()
        .await
        .expect_err("an error");
    expected.assert_eq(&shown(&error));
}

#[tokio::test]
async fn strange_answers_are_errors_that_say_so() {
    let login =
        ResponseTemplate::new(200).set_body_raw("<html>\n <title>Log in</title>", "text/html");
    check(login, expect![[r#"
        failed to read Cloudflare's edge networks: HTTP 200 with an answer that is not the API's: `<html> <title>Log in</title>`
          hint: check the base address, and the proxies between this machine and Cloudflare
    "#]]).await;
    check(
        ResponseTemplate::new(403),
        expect![[r#"
            failed to read Cloudflare's edge networks: HTTP 403 with an answer that is not the API's: ``
              hint: check the base address, and the proxies between this machine and Cloudflare
        "#]],
    )
    .await;
    check(
        bad(400, json!(null)),
        expect![[r#"
        failed to read Cloudflare's edge networks: Cloudflare refused with HTTP 400 and no reason
    "#]],
    )
    .await;
    check(
        good(json!({"etag": "x"})),
        expect![[r#"
            failed to read Cloudflare's edge networks: the result has another form than documented
              hint: the API has changed, or a stand-in differs from it: report the error with its causes
        "#]],
    )
    .await;
    check(
        good(json!({"etag": "x", "ipv4_cidrs": [], "ipv6_cidrs": []})),
        expect![[r#"
            failed to read Cloudflare's edge networks: the result lacks networks of both kinds
              hint: the API has changed, or a stand-in differs from it: report the error with its causes
        "#]],
    )
    .await;
}

#[tokio::test]
async fn without_a_network_the_error_says_so() {
    let client = Client::new(&SecretString::from(TOKEN)).expect("a client");
    let none = Retries {
        times: 0,
        ..Retries::default()
    };
    // Port 9 is discard: nobody listens.
    let client = client
        .with_base_url("http://127.0.0.1:9/")
        .expect("an address")
        .with_retries(none);
    let error = client.edge_networks().await.expect_err("no network");
    assert_eq!(error.kind(), ErrorKind::Other, "nothing was sent");
    expect![[r#"
        failed to read Cloudflare's edge networks: Cloudflare was not reached
          hint: check the network and the base address
    "#]]
    .assert_eq(&shown(&error));
}

#[tokio::test]
async fn an_answer_that_points_at_a_change_of_a_batch_is_understood() {
    let server = server().await;
    let pointer = json!([{"code": 9003, "message": "Target not allowed", "source": {"pointer": "/patches/0/content"}}]);
    let message = json!([{"code": 1004, "message": "Bad record new.example.com."}]);
    on(
        &server,
        "POST",
        "zones/z1/dns_records/batch",
        in_turn([bad(400, pointer), bad(400, message)]),
    )
    .await;
    let client = client(&server).await;
    let steps = steps();
    let error = client
        .writer()
        .records(&zone_id(), &steps)
        .await
        .expect_err("refused");
    assert_eq!(Writer::blamed(&error, &steps), [2]);
    let error = client
        .writer()
        .records(&zone_id(), &steps)
        .await
        .expect_err("refused");
    assert_eq!(Writer::blamed(&error, &steps), [0]);
}

#[test]
fn addresses_and_tokens_are_checked_first() {
    for token in ["", " \n", "a\nb"] {
        let error = Client::new(&SecretString::from(token)).expect_err("no token");
        assert!(matches!(error, Error::Token));
    }
    let client =
        || Client::new(&SecretString::from(format!("{TOKEN}\n"))).expect("a last line end is cut");
    assert!(
        client().with_base_url("api.cloudflare.com").is_err()
            && client().with_base_url("ftp://x/").is_err()
    );
    let client = client()
        .with_base_url("http://127.0.0.1:1/client/v4")
        .expect("an address");
    assert!(
        format!("{client:?}").contains("/client/v4/") && !format!("{client:?}").contains(TOKEN)
    );
}

#[test]
fn the_token_is_sent_in_clear_text_to_this_machine_only() {
    let at = |address: &str| {
        let client = Client::new(&SecretString::from(TOKEN)).expect("a client");
        client.with_base_url(address)
    };
    for address in [
        "http://localhost:8787/client/v4",
        "http://LOCALHOST/",
        "http://127.0.0.1/",
        "http://127.8.9.10:80/",
        "http://[::1]:8787/",
        "https://192.0.2.2:8099/",
        "https://proxy.example.com/client/v4/",
    ] {
        assert!(at(address).is_ok(), "{address}");
    }
    for address in [
        "http://192.0.2.2:8099/client/v4",
        "http://128.0.0.1/",
        "http://[2001:db8::1]/",
        "http://[::ffff:192.0.2.2]/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://api.cloudflare.com/client/v4/",
    ] {
        let error = at(address).expect_err(address);
        assert!(matches!(error, Error::ClearText(_)), "{address}");
    }
    let error = at("http://192.0.2.2:8099/client/v4").expect_err("another machine");
    expect![[r#"
        http to 192.0.2.2 is not encrypted, so the API token would be readable on the way: http is for this machine only (localhost, 127.0.0.0/8, ::1)
          hint: give an https address
    "#]]
    .assert_eq(&shown(&error));
}

/// Run again as a program of its own: a test can't change the environment that it runs in.
#[tokio::test]
async fn a_stand_in_on_this_machine_is_not_reached_through_a_proxy() {
    const VARIABLE: &str = "HTTP_PROXY";
    // Port 9 is discard: nobody listens.
    const PROXY: &str = "http://127.0.0.1:9";
    if std::env::var(VARIABLE).is_ok_and(|proxy| proxy == PROXY) {
        let server = server().await;
        on(&server, "GET", "zones/z1/dns_records", page(vec![], 1, 1)).await;
        let zone = client(&server).await.zone(&query()).await;
        assert!(zone.is_ok(), "{zone:?}");
        return;
    }
    let name = "client::errors::a_stand_in_on_this_machine_is_not_reached_through_a_proxy";
    let program = std::env::current_exe().expect("this program");
    let mut again = std::process::Command::new(program);
    again.args(["--exact", name]).env(VARIABLE, PROXY);
    let output = again.env_remove("NO_PROXY").output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

/// A text that clears a part of the screen, with a line break.
const HOSTILE: &str = "x\u{1b}[5A\u{1b}[J\ny\u{9b}2J";

fn is_printable(error: &Error) {
    for text in [error.to_string(), nex_plan::chain(error)] {
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(text.contains("x\\u{1b}["), "{text}");
    }
}

#[tokio::test]
async fn no_control_character_of_an_answer_reaches_a_terminal() {
    let server = server().await;
    let cause = json!([{"code": 9021, "message": HOSTILE}]);
    let refusal = json!([{"code": 1004, "message": HOSTILE, "error_chain": cause}]);
    let login = ResponseTemplate::new(200).set_body_raw(HOSTILE, "text/html");
    on(&server, "GET", "ips", in_turn([bad(400, refusal), login])).await;
    let client = client(&server).await;
    is_printable(&client.edge_networks().await.expect_err("refused"));
    is_printable(&client.edge_networks().await.expect_err("no JSON"));

    let old = ours("1", "A", HOSTILE, "192.0.2.1");
    let linted = snapshot(&spec(""), &zone(vec![old])).plan(&SPEC);
    let Some(ZoneStep::Record(step)) = linted.plan().steps().next() else {
        panic!("a delete");
    };
    on(&server, "DELETE", "zones/z1/dns_records/1", code(400, 1004)).await;
    let steps = std::slice::from_ref(step);
    let result = client.writer().records(&zone_id(), steps).await;
    is_printable(&result.expect_err("refused"));
}

//! What is tried again, and when.

use std::sync::Arc;
use std::time::Instant;

use super::*;

/// What is tried again: the answers to a read and to an issue, and how many calls each makes.
#[tokio::test]
async fn what_may_have_acted_is_never_repeated_and_all_else_is() {
    let html = |status| {
        ResponseTemplate::new(status).set_body_raw("<html>Bad gateway</html>", "text/html")
    };
    let cases = [
        ("408", code(408, 0), 2, 2),
        ("409", code(409, 0), 2, 2),
        ("429", code(429, 10000), 2, 2),
        ("500", code(500, 0), 2, 1),
        ("502 in HTML", html(502), 2, 1),
        ("1100", code(400, 1100), 2, 2),
        ("1100 with 500", code(500, 1100), 2, 2),
        ("400", code(400, 1004), 1, 1),
        ("403", code(403, 10000), 1, 1),
        ("200 that is a refusal", code(200, 81053), 1, 1),
    ];
    for (what, answer, reads, issues) in cases {
        let server = server().await;
        on(
            &server,
            "GET",
            "ips",
            in_turn([answer.clone(), good(json!({}))]),
        )
        .await;
        on(
            &server,
            "POST",
            "certificates",
            in_turn([answer, good(json!({}))]),
        )
        .await;
        let client = client(&server).await;
        assert!(client.edge_networks().await.is_err());
        assert_eq!(calls(&server).await, reads, "a read after {what}");
        assert!(client.writer().issue(&request()).await.is_err());
        assert_eq!(
            calls(&server).await - reads,
            issues,
            "an issue after {what}"
        );
    }
}

#[tokio::test]
async fn a_lost_issue_is_of_its_own_class() {
    let server = server().await;
    let slow = code(502, 0);
    on(&server, "POST", "certificates", slow).await;
    let error = client(&server)
        .await
        .writer()
        .issue(&request())
        .await
        .expect_err("lost");
    assert_eq!(error.class(), Class::Lost);
    expect![[r#"
        POST /client/v4/certificates
        {
          "csr": "a request",
          "hostnames": [
            "*.example.com",
            "example.com"
          ],
          "request_type": "origin-ecc",
          "requested_validity": 5475
        }
    "#]]
    .assert_eq(&sent(&server).await);
}

#[tokio::test]
async fn it_comes_back_when_cloudflare_says_so() {
    let server = server().await;
    let later = code(429, 10013).insert_header("retry-after", "1");
    on(
        &server,
        "GET",
        "user/tokens/verify",
        in_turn([later, good(json!({"status": "active"}))]),
    )
    .await;
    let began = Instant::now();
    client(&server).await.verify_token().await.expect("active");
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn it_does_not_wait_for_hours() {
    let server = server().await;
    on(
        &server,
        "GET",
        "user/tokens/verify",
        code(429, 0).insert_header("retry-after", "7200"),
    )
    .await;
    let error = client(&server)
        .await
        .verify_token()
        .await
        .expect_err("too long");
    expect![[r#"
        failed to verify the API token: Some message (0)
          hint: the limit is 1,200 calls in 5 minutes for all that use this user's tokens: run again in 7200 s
    "#]].assert_eq(&told(&error));
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn an_empty_window_is_waited_for() {
    let server = server().await;
    let empty = good(json!({"status": "active"})).insert_header("ratelimit", "\"default\";r=0;t=1");
    on(&server, "GET", "user/tokens/verify", empty).await;
    let client = client(&server).await;
    client.verify_token().await.expect("active");
    let began = Instant::now();
    client.verify_token().await.expect("active");
    assert!(began.elapsed() >= Duration::from_millis(900));
}

#[tokio::test]
async fn its_waits_are_told() {
    #[derive(Default)]
    struct Told(std::sync::Mutex<Vec<nex_plan::Event>>);
    impl nex_plan::Progress for Told {
        fn event(&self, event: nex_plan::Event) {
            self.0.lock().expect("no panic").push(event);
        }
    }
    let server = server().await;
    on(&server, "GET", "ips", code(500, 0)).await;
    let told = Arc::new(Told::default());
    let client = client(&server).await.telling(told.clone());
    assert!(client.edge_networks().await.is_err());
    assert_eq!(
        told.0.lock().expect("no panic").len(),
        2,
        "one before each further try"
    );
}

#[tokio::test]
async fn a_delete_whose_first_answer_was_lost_is_done() {
    let server = server().await;
    on(
        &server,
        "DELETE",
        "zones/z1/dns_records/1",
        in_turn([code(502, 0), code(404, 81044)]),
    )
    .await;
    on(
        &server,
        "DELETE",
        "certificates/c1",
        in_turn([code(502, 0), code(404, 1101)]),
    )
    .await;
    let client = client(&server).await;
    client
        .writer()
        .records("z1", &steps()[1..2])
        .await
        .expect("done");
    client.writer().revoke("c1").await.expect("done");
}

//! What is tried again, and when.

use std::sync::Arc;
use std::time::Instant;

use nex_dns::certificate::NoSecrets;
use nex_dns::{Spec, ZoneManager};
use nex_plan::{NoProgress, RunContext, SkipReason};

use super::*;

/// An answer with Cloudflare's networks.
fn networks() -> ResponseTemplate {
    let built_in = edge::built_in();
    good(json!({"ipv4_cidrs": built_in.ipv4, "ipv6_cidrs": built_in.ipv6}))
}

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
async fn a_lost_issue_is_indeterminate() {
    let server = server().await;
    let slow = code(502, 0);
    on(&server, "POST", "certificates", slow).await;
    let error = client(&server)
        .await
        .writer()
        .issue(&request())
        .await
        .expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Indeterminate);
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
async fn the_next_try_waits_as_long_as_cloudflare_says() {
    let server = server().await;
    let later = code(429, 10013).insert_header("retry-after", "1");
    on(&server, "GET", "ips", in_turn([later, networks()])).await;
    let started = Instant::now();
    client(&server)
        .await
        .edge_networks()
        .await
        .expect("networks");
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn no_try_waits_for_hours() {
    let server = server().await;
    on(
        &server,
        "GET",
        "ips",
        code(429, 0).insert_header("retry-after", "7200"),
    )
    .await;
    let error = client(&server)
        .await
        .edge_networks()
        .await
        .expect_err("too long");
    expect![[r#"
        failed to read Cloudflare's edge networks: Some message (0)
          hint: the limit is 1,200 calls in 5 minutes for all tokens of a user: run again in 7200 s
    "#]]
    .assert_eq(&shown(&error));
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn an_empty_window_is_waited_for() {
    let server = server().await;
    let empty = networks().insert_header("ratelimit", "\"default\";r=0;t=1");
    on(&server, "GET", "ips", empty).await;
    let client = client(&server).await;
    client.edge_networks().await.expect("networks");
    let started = Instant::now();
    client.edge_networks().await.expect("networks");
    assert!(started.elapsed() >= Duration::from_millis(900));
}

#[tokio::test]
async fn waits_are_reported() {
    #[derive(Default)]
    struct Events(std::sync::Mutex<Vec<nex_plan::Event>>);
    impl nex_plan::Progress for Events {
        fn event(&self, event: nex_plan::Event) {
            self.0.lock().expect("no panic").push(event);
        }
    }
    let server = server().await;
    on(&server, "GET", "ips", code(500, 0)).await;
    let events = Arc::new(Events::default());
    let client = client(&server).await.with_progress(events.clone());
    assert!(client.edge_networks().await.is_err());
    assert_eq!(
        events.0.lock().expect("no panic").len(),
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
        .records(&zone_id(), &steps()[1..2])
        .await
        .expect("done");
    client
        .writer()
        .revoke(&CertificateId::new("c1"))
        .await
        .expect("done");
}

/// Cancels while `waits` waits, which must then end long before its own time.
async fn cancelled<T>(cancel: &CancelToken, waits: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    };
    let (output, ()) = tokio::join!(waits, later);
    assert!(started.elapsed() < Duration::from_secs(20));
    output
}

#[tokio::test]
async fn cancelling_ends_the_wait_for_the_next_try() {
    let server = server().await;
    let later = code(429, 10013).insert_header("retry-after", "200");
    on(&server, "GET", "ips", later).await;
    let cancel = CancelToken::default();
    let client = client(&server).await.with_cancel(cancel.clone());
    let error = cancelled(&cancel, client.edge_networks()).await;
    let error = error.expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    expect![[r#"
        failed to read Cloudflare's edge networks: cancelled while waiting
    "#]]
    .assert_eq(&shown(&error));
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn cancelling_ends_the_wait_for_the_rate_limit() {
    let server = server().await;
    let empty = networks().insert_header("ratelimit", "\"default\";r=0;t=200");
    on(&server, "GET", "ips", empty).await;
    let cancel = CancelToken::default();
    let client = client(&server).await.with_cancel(cancel.clone());
    client.edge_networks().await.expect("networks");
    let error = cancelled(&cancel, client.edge_networks()).await;
    assert_eq!(error.expect_err("cancelled").kind(), ErrorKind::Cancelled);
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn cancelling_ends_an_apply_that_waits_and_the_zone_is_read_back() {
    let server = server().await;
    let later = code(429, 10013).insert_header("retry-after", "200");
    on(&server, "GET", "zones/z1/dns_records", page(vec![], 1, 1)).await;
    on(&server, "POST", "zones/z1/dns_records", later).await;
    let cancel = CancelToken::default();
    let client = client(&server).await.with_cancel(cancel.clone());
    let spec: Spec = spec("records = [{ type = 'A', name = 'a' }]");
    let manager = ZoneManager::new(client, NoSecrets, spec, "nex-staging").expect("a valid spec");
    let snapshot = manager.read().await.expect("a zone");
    let approved = snapshot.plan(&SPEC).approve(&[].into()).expect("no denial");
    let context = RunContext {
        progress: &NoProgress,
        cancel: &cancel,
    };
    let report = cancelled(&cancel, manager.apply(&approved, &SPEC, context)).await;
    let report = report.expect("a report");
    assert!(report.failed.is_empty() && report.unread.is_none());
    let reason = &report.skipped[0].reason;
    assert!(matches!(reason, SkipReason::Interrupted(_)), "{reason}");
    assert_eq!(report.remaining.entries.len(), 1);
}

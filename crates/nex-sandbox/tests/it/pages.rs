//! A web page can do nothing to a sandbox through the browser in which it is open.

use nex_sandbox::{CloudflareSandbox, ZoneSeed};

use crate::http::send;
use crate::{ec2, start};

const PAGE: &str = "http://evil.example";

/// The status and the body of a call.
fn call(method: &str, url: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let answer = send(method, url, headers, "").expect("an answer");
    (answer.status().as_u16(), answer.into_body())
}

#[tokio::test]
async fn calls_to_another_host_are_refused_by_both_clouds_and_the_control_api() {
    let sandbox = start().await;
    sandbox.reset_calls();
    for url in [
        format!("{}/", sandbox.endpoint()),
        format!("{}/_sandbox/health", sandbox.endpoint()),
        format!("{}ips", sandbox.cloudflare_url()),
    ] {
        for host in ["evil.example", "localhost.evil.example:80"] {
            let (status, body) = call("GET", &url, &[("Host", host)]);
            assert_eq!(status, 403, "{url} {host}: {body}");
            assert!(body.contains("127.0.0.1 or localhost"), "{body}");
        }
    }
    assert!(sandbox.calls().is_empty(), "nothing reached a cloud");
    let port = sandbox.endpoint().rsplit(':').next().expect("a port");
    for host in ["localhost", "127.0.0.1", "nex-staging-backups.localhost"] {
        let host = format!("{host}:{port}");
        let (status, body) = call("GET", sandbox.endpoint(), &[("Host", &host)]);
        assert_ne!(status, 403, "{host}: {body}");
    }
}

#[tokio::test]
async fn the_control_api_refuses_web_pages() {
    let sandbox = start().await;
    let shutdown = format!("{}/_sandbox/shutdown", sandbox.endpoint());
    let (status, body) = call("POST", &shutdown, &[("Origin", PAGE)]);
    assert!(
        status == 403 && body.contains("web page"),
        "{status} {body}"
    );
    let (status, _) = ec2(sandbox.endpoint(), "Action=DescribeVpcs").expect("an answer");
    assert_eq!(status, 200, "the sandbox is still up");

    let cloudflare = CloudflareSandbox::start(ZoneSeed::Empty).expect("an emulator");
    let config = format!("{}/_sandbox/cloudflare/config", cloudflare.endpoint());
    assert_eq!(call("GET", &config, &[("Origin", "null")]).0, 403);
    assert_eq!(call("GET", &config, &[]).0, 200);
}

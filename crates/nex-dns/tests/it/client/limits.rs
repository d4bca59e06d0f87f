//! Answers that no real Cloudflare gives: the client gives up before they do harm.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_list_of_too_many_pages_is_refused_after_the_first() {
    for pages in [1_001, u32::MAX] {
        let server = server().await;
        on(
            &server,
            "GET",
            "zones/z1/dns_records",
            page(vec![], 1, pages),
        )
        .await;
        let error = client(&server).await.zone(&query()).await;
        let error = error.expect_err("too many pages").to_string();
        let expected = format!(
            "failed to list the records of example.com: the list has {pages} pages, more than 1000"
        );
        assert_eq!(error, expected);
        assert_eq!(calls(&server).await, 2, "the zone and the first page");
    }
}

/// Answers one call with `mebibytes` of spaces, without a `Content-Length`.
async fn spaces(listener: TcpListener, mebibytes: usize) {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let asked = stream.read(&mut [0; 4096]).await.expect("a request");
    assert_ne!(asked, 0);
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.expect("a client");
    for _ in 0..mebibytes {
        if stream.write_all(&vec![b' '; 1 << 20]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(spaces(listener, 80));
    let client = Client::new(&SecretString::from(TOKEN)).expect("a client");
    let client = client
        .with_base_url(&format!("http://{address}/"))
        .expect("an address");
    let error = client.edge_networks().await.expect_err("too much");
    assert_eq!(error.kind(), ErrorKind::Indeterminate);
    expect![[r#"
        failed to read Cloudflare's edge networks: the answer has more than 64 MiB
          hint: check the base address, and the proxies between this machine and Cloudflare
    "#]]
    .assert_eq(&shown(&error));
}

#[tokio::test]
async fn networks_that_cover_much_of_the_internet_are_refused() {
    let answer = |ipv4: &str, ipv6: &str| good(json!({"ipv4_cidrs": [ipv4], "ipv6_cidrs": [ipv6]}));
    for (ipv4, ipv6, refused) in [
        ("0.0.0.0/0", "2400:cb00::/32", Some("0.0.0.0/0")),
        ("128.0.0.0/1", "2400:cb00::/32", Some("128.0.0.0/1")),
        ("104.0.0.0/7", "2400:cb00::/32", Some("104.0.0.0/7")),
        ("104.0.0.0/8", "2400::/19", Some("2400::/19")),
        ("104.0.0.0/8", "::/0", Some("::/0")),
        ("104.0.0.0/8", "2400:c000::/20", None),
    ] {
        let server = server().await;
        on(&server, "GET", "ips", answer(ipv4, ipv6)).await;
        let result = client(&server).await.edge_networks().await;
        let expected = refused.map(|network| {
            format!(
                "failed to read Cloudflare's edge networks: the list has {network}, larger than any network of \
                 Cloudflare's"
            )
        });
        assert_eq!(result.err().map(|error| error.to_string()), expected);
    }
}

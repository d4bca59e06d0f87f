//! Refuses the calls of web pages. A page that someone has open in a browser can call this machine's loopback: by a name
//! of its own that resolves to 127.0.0.1, or across origins.

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

/// The names of this machine that the sandbox hands out, those that users write for them, and AWS's own: hosts that know
/// no other address reach the sandbox by it. No one else can make a name of AWS resolve to this machine.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "amazonaws.com"];

/// Whether a browser says that a page made the call.
pub(crate) fn is_of_a_page(head: &Parts) -> bool {
    head.headers.contains_key(ORIGIN)
}

/// Whether the call names this machine, or AWS, and nothing else as its host.
pub(crate) fn is_for_this_machine(head: &Parts) -> bool {
    let mut hosts = head.headers.get_all(HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    };
    named.is_some_and(|named| is_local(named.host())) && head.uri.host().is_none_or(is_local)
}

/// Whether a host is one of [`NAMES`], or a bucket's name before it, as S3's virtual hosts are.
fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    NAMES.iter().any(|name| {
        let before = host.strip_suffix(name);
        before.is_some_and(|bucket| bucket.is_empty() || bucket.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn the_host_must_be_this_machine() {
        for (uri, host, is_allowed) in [
            ("/", "127.0.0.1:80", true),
            ("/", "LocalHost", true),
            ("/", "own-bucket.localhost:4566", true),
            ("/", "a.b.127.0.0.1:1", true),
            ("/", "s3.eu-west-3.amazonaws.com", true),
            ("/", "s3.amazonaws.com.evil.example", false),
            ("http://localhost/", "localhost", true),
            ("/", "evil.example", false),
            ("/", "127.0.0.1.evil.example", false),
            ("/", "notlocalhost", false),
            ("/", "localhost@evil.example", false),
            ("/", "", false),
            ("http://evil.example/", "127.0.0.1", false),
        ] {
            let head = head(uri, &[("host", host)]);
            assert_eq!(is_for_this_machine(&head), is_allowed, "{uri} {host}");
        }
        assert!(!is_for_this_machine(&head("/", &[])));
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert!(!is_for_this_machine(&head("/", &two)));
    }
}

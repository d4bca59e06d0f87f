//! Keeps credentials and secrets off connections that are not encrypted.

use std::net::IpAddr;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Stops every call that would leave this machine in clear text, before it is signed. An endpoint may come from a
/// variable of one service, or from a profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClearTextGuard;

/// The address would get credentials and secrets in clear text.
#[derive(Debug, thiserror::Error)]
#[error("the endpoint {0} is not encrypted and not on this machine")]
struct ClearTextError(String);

impl Intercept for ClearTextGuard {
    fn name(&self) -> &'static str {
        "ClearTextGuard"
    }

    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri();
        match is_exposed(uri) {
            true => Err(ClearTextError(uri.to_owned()).into()),
            false => Ok(()),
        }
    }
}

/// Whether what is sent to this URL leaves the machine without encryption.
pub(super) fn is_exposed(url: &str) -> bool {
    url.starts_with("http:") && !is_loopback(url)
}

/// Whether a URL's host is this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let uri: Option<http::Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    // S3 puts the bucket's name before the host.
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_in_clear_text() {
        for url in [
            "https://ec2.eu-west-3.amazonaws.com/",
            "http://127.0.0.1:8080/x",
            "http://[::1]:1/",
            "http://bucket.localhost:9000/key",
        ] {
            assert!(!is_exposed(url), "{url}");
        }
        for url in [
            "http://192.0.2.2/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
        ] {
            assert!(is_exposed(url), "{url}");
        }
    }
}

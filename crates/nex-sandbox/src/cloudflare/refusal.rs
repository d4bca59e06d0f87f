//! Refused calls: the rate limit, and the errors that fault rules inject.

use http::{HeaderMap, HeaderValue, StatusCode};

use super::envelope::ApiError;
use super::token::Quota;
use crate::backend::Refusal;
use crate::response::{FullResponse, response};
use crate::rules::Loss;

/// The quota in an injected throttling error. It asks the client to wait for one second, the
/// shortest time that the header can express, so that tests are fast.
const INJECTED: Quota = Quota {
    limit: 1200,
    window_s: 300,
    remaining: 0,
    reset_s: 1,
};

/// The error for a call that exceeds the rate limit.
pub(super) fn throttled(quota: Quota) -> FullResponse {
    let error = ApiError::new(
        429,
        971,
        "Please wait and consider throttling your request speed",
    );
    let mut response = error.respond();
    let headers = response.headers_mut();
    set_quota(headers, quota);
    set(headers, "retry-after", quota.reset_s.to_string());
    response
}

/// Sets the headers that describe the quota.
pub(super) fn set_quota(headers: &mut HeaderMap, quota: Quota) {
    let Quota {
        limit,
        window_s,
        remaining,
        reset_s,
    } = quota;
    let left = format!("\"default\";r={remaining};t={reset_s}");
    set(headers, "ratelimit", left);
    let policy = format!("\"default\";q={limit};w={window_s}");
    set(headers, "ratelimit-policy", policy);
}

/// The error that a fault rule injects.
pub(super) fn injected(refusal: Refusal) -> FullResponse {
    match refusal {
        Refusal::Throttled => throttled(INJECTED),
        Refusal::Failed(Loss::Html(status)) => html(status),
        Refusal::Failed(Loss::Code(code)) => {
            let message = match code {
                1100 => "Failed to write certificate to Database",
                _ => "The operation failed",
            };
            ApiError::new(500, code, message).respond()
        }
        Refusal::Failed(Loss::Error | Loss::Drop) => {
            ApiError::new(500, 10001, "Internal server error").respond()
        }
        Refusal::Chosen {
            status,
            code,
            message,
        } => ApiError::new(status, code.parse().unwrap_or(0), message).respond(),
    }
}

/// An error page of the proxy in front of the API, which does not use the API's envelope.
fn html(status: u16) -> FullResponse {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>api.cloudflare.com | {status}</title></head>\
         <body><center><h1>Error {status}</h1></center><hr><center>cloudflare</center></body></html>\n"
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response(status, "text/html; charset=UTF-8", page)
}

fn set(headers: &mut HeaderMap, name: &'static str, value: String) {
    if let Ok(value) = HeaderValue::from_str(&value) {
        headers.insert(name, value);
    }
}

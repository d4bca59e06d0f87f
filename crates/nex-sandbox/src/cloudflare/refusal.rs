//! Answers that are no outcome of a call: too many of them, and faults on request.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use super::envelope::ApiError;
use super::token::Quota;
use crate::gateway::Refusal;
use crate::rules::Loss;

/// How long a client is told to wait when a rule, and not the limit, refuses its call: as short as
/// the header can say, so that tests need not wait.
const INJECTED: Quota = Quota {
    limit: 1200,
    window_s: 300,
    remaining: 0,
    reset_s: 1,
};

/// The rate limit's refusal.
pub(super) fn throttled(quota: Quota) -> Response<Full<Bytes>> {
    let error = ApiError::new(
        429,
        971,
        "Please wait and consider throttling your request speed",
    );
    let mut response = error.respond();
    mark(response.headers_mut(), quota);
    put(
        response.headers_mut(),
        "retry-after",
        quota.reset_s.to_string(),
    );
    response
}

/// Says how much the token may still ask.
pub(super) fn mark(headers: &mut HeaderMap, quota: Quota) {
    let Quota {
        limit,
        window_s,
        remaining,
        reset_s,
    } = quota;
    put(
        headers,
        "ratelimit",
        format!("\"default\";r={remaining};t={reset_s}"),
    );
    put(
        headers,
        "ratelimit-policy",
        format!("\"default\";q={limit};w={window_s}"),
    );
}

/// What a rule asks for.
pub(super) fn injected(refusal: Refusal) -> Response<Full<Bytes>> {
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
    }
}

/// A page of the edge in front of the API, which knows nothing of envelopes.
fn html(status: u16) -> Response<Full<Bytes>> {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>api.cloudflare.com | {status}</title></head>\
         <body><center><h1>Error {status}</h1></center><hr><center>cloudflare</center></body></html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(page)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=UTF-8"),
    );
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: String) {
    if let Ok(value) = HeaderValue::from_str(&value) {
        headers.insert(name, value);
    }
}

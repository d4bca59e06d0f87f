//! HTTP responses whose body is in memory.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

/// A response with its whole body.
pub(crate) type FullResponse = Response<Full<Bytes>>;

/// A response with a body of this media type.
pub(crate) fn response(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> FullResponse {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A response in JSON.
pub(crate) fn json_response(status: StatusCode, body: &impl Serialize) -> FullResponse {
    let text = serde_json::to_vec(body).unwrap_or_default();
    response(status, "application/json", text)
}

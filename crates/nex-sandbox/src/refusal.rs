//! Errors of the gateway's own, in the form and with the code that each service gives.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;

/// The wire protocol of a service, as far as errors go.
enum Protocol {
    Ec2,
    Query,
    S3,
    RestJson,
    Json,
}

fn protocol(service: &str) -> Protocol {
    match service {
        "ec2" => Protocol::Ec2,
        "autoscaling" | "iam" | "rds" | "sts" => Protocol::Query,
        "s3" => Protocol::S3,
        "dlm" => Protocol::RestJson,
        _ => Protocol::Json,
    }
}

/// The service's throttling error.
pub(crate) fn throttled(service: &str) -> Response<Full<Bytes>> {
    let (status, code, message) = match protocol(service) {
        Protocol::Ec2 => (503, "RequestLimitExceeded", "Request limit exceeded."),
        Protocol::Query => (400, "Throttling", "Rate exceeded"),
        Protocol::S3 => (503, "SlowDown", "Please reduce your request rate."),
        Protocol::RestJson => (429, "ThrottlingException", "Rate exceeded"),
        Protocol::Json => (400, "ThrottlingException", "Rate exceeded"),
    };
    refuse(service, status, code, message)
}

/// The service's internal error.
pub(crate) fn failed(service: &str) -> Response<Full<Bytes>> {
    let code = match protocol(service) {
        Protocol::Ec2 | Protocol::S3 => "InternalError",
        Protocol::Query => "InternalFailure",
        Protocol::RestJson => "InternalServerException",
        Protocol::Json => "InternalFailure",
    };
    refuse(service, 500, code, "An internal error has occurred")
}

/// moto does not answer.
pub(crate) fn unavailable(service: &str, why: &str) -> Response<Full<Bytes>> {
    refuse(service, 503, "ServiceUnavailable", why)
}

fn refuse(service: &str, status: u16, code: &str, message: &str) -> Response<Full<Bytes>> {
    let (kind, body) = match protocol(service) {
        Protocol::Ec2 => (
            "text/xml",
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>sandbox</RequestID></Response>"
            ),
        ),
        Protocol::Query => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>sandbox</RequestId></ErrorResponse>"
            ),
        ),
        Protocol::S3 => (
            "application/xml",
            format!(
                "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>sandbox</RequestId></Error>"
            ),
        ),
        Protocol::RestJson | Protocol::Json => (
            "application/x-amz-json-1.1",
            serde_json::json!({"__type": code, "message": message}).to_string(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(kind),
    );
    if let Ok(code) = http::HeaderValue::from_str(code) {
        headers.insert("x-amzn-errortype", code);
    }
    response
}

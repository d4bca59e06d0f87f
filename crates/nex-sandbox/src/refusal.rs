//! AWS errors that the gateway injects, in the format of each service's protocol.

use http::{HeaderValue, StatusCode};

use crate::response::{FullResponse, response};

/// The wire protocol that a service uses for errors.
enum Protocol {
    Ec2,
    Query,
    S3,
    RestJson,
    Json,
}

impl Protocol {
    fn of(service: &str) -> Self {
        match service {
            "ec2" => Self::Ec2,
            "autoscaling" | "iam" | "rds" | "sts" => Self::Query,
            "s3" => Self::S3,
            "dlm" => Self::RestJson,
            _ => Self::Json,
        }
    }
}

/// The throttling error of a service.
pub(crate) fn throttled(service: &str) -> FullResponse {
    let (status, code, message) = match Protocol::of(service) {
        Protocol::Ec2 => (503, "RequestLimitExceeded", "Request limit exceeded."),
        Protocol::Query => (400, "Throttling", "Rate exceeded"),
        Protocol::S3 => (503, "SlowDown", "Please reduce your request rate."),
        Protocol::RestJson => (429, "ThrottlingException", "Rate exceeded"),
        Protocol::Json => (400, "ThrottlingException", "Rate exceeded"),
    };
    refuse(service, status, code, message)
}

/// The internal error of a service.
pub(crate) fn failed(service: &str) -> FullResponse {
    let code = match Protocol::of(service) {
        Protocol::Ec2 | Protocol::S3 => "InternalError",
        Protocol::RestJson => "InternalServerException",
        Protocol::Query | Protocol::Json => "InternalFailure",
    };
    refuse(service, 500, code, "An internal error has occurred")
}

/// The error for a call that did not reach moto.
pub(crate) fn unavailable(service: &str, why: &str) -> FullResponse {
    refuse(service, 503, "ServiceUnavailable", why)
}

/// An error in the format of the service's protocol.
pub(crate) fn refuse(service: &str, status: u16, code: &str, message: &str) -> FullResponse {
    let protocol = Protocol::of(service);
    let (code_xml, message_xml) = (escape(code), escape(message));
    let error = format!("<Code>{code_xml}</Code><Message>{message_xml}</Message>");
    let (media_type, body) = match protocol {
        Protocol::Ec2 => (
            "text/xml",
            format!(
                "<Response><Errors><Error>{error}</Error></Errors>\
                 <RequestID>sandbox</RequestID></Response>"
            ),
        ),
        Protocol::Query => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type>{error}</Error>\
                 <RequestId>sandbox</RequestId></ErrorResponse>"
            ),
        ),
        Protocol::S3 => (
            "application/xml",
            format!("<Error>{error}<RequestId>sandbox</RequestId></Error>"),
        ),
        Protocol::RestJson => (
            "application/json",
            serde_json::json!({"Code": code, "Message": message}).to_string(),
        ),
        Protocol::Json => (
            "application/x-amz-json-1.1",
            serde_json::json!({"__type": code, "message": message}).to_string(),
        ),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = response(status, media_type, body);
    // The XML protocols have the code in the body only, so the answer to HEAD has no code.
    if matches!(protocol, Protocol::RestJson | Protocol::Json)
        && let Ok(code) = HeaderValue::from_str(code)
    {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

/// The text as the content of an XML element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

//! The envelope that every answer of the API comes in.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

/// What a call gives when it succeeds.
#[derive(Debug)]
pub(super) struct Answer {
    result: Value,
    messages: Vec<Value>,
    result_info: Option<Value>,
}

impl Answer {
    /// One object.
    pub(super) fn one(result: Value) -> Self {
        Self {
            result,
            messages: Vec::new(),
            result_info: None,
        }
    }

    /// A part of a list, and which part it is.
    pub(super) fn page(result: Vec<Value>, result_info: Value) -> Self {
        Self {
            result: Value::Array(result),
            messages: Vec::new(),
            result_info: Some(result_info),
        }
    }

    /// With a message beside the result.
    pub(super) fn message(mut self, code: u32, text: &str) -> Self {
        self.messages
            .push(json!({ "code": code, "message": text, "type": null }));
        self
    }

    pub(super) fn respond(self) -> Response<Full<Bytes>> {
        let mut whole = json!({
            "result": self.result,
            "success": true,
            "errors": [],
            "messages": self.messages,
        });
        if let Some(info) = self.result_info {
            whole["result_info"] = info;
        }
        respond(200, &whole)
    }
}

/// An error as the API says it: its code decides, the message is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    status: u16,
    errors: Vec<Value>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            errors: vec![json!({ "code": code, "message": message.into() })],
        }
    }

    /// A record that breaks a rule whose error stands on its own.
    pub(super) fn record(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// A record that breaks a rule whose error comes wrapped in 1004.
    pub(super) fn wrapped(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, 1004, "DNS Validation Error").because(code, message)
    }

    /// A path with an id in it that cannot be one, or that nothing has.
    pub(super) fn no_object(path: &str) -> Self {
        let path = path.strip_prefix("/client/v4").unwrap_or(path);
        Self::new(
            404,
            7003,
            format!("Could not route to {path}, perhaps your object identifier is invalid?"),
        )
    }

    /// A body that is not what the call takes.
    pub(super) fn body(why: impl Into<String>) -> Self {
        Self::new(400, 9207, why)
    }

    /// With the error that it wraps.
    pub(super) fn because(mut self, code: u32, message: impl Into<String>) -> Self {
        if let Some(last) = self.errors.last_mut() {
            last["error_chain"] = json!([{ "code": code, "message": message.into() }]);
        }
        self
    }

    /// With one more error beside it.
    pub(super) fn and(mut self, code: u32, message: &str) -> Self {
        self.errors
            .push(json!({ "code": code, "message": message }));
        self
    }

    pub(super) fn respond(&self) -> Response<Full<Bytes>> {
        let whole = json!({
            "result": null,
            "success": false,
            "errors": self.errors,
            "messages": [],
        });
        respond(self.status, &whole)
    }
}

/// What a handler gives.
pub(super) type Outcome = Result<Answer, ApiError>;

fn respond(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

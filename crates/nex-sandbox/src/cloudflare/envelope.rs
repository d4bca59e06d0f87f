//! The envelope of every answer of the API.

use http::StatusCode;
use serde_json::{Value, json};

use crate::response::{FullResponse, json_response};

/// The result of a successful call.
#[derive(Debug)]
pub(super) struct Answer {
    result: Value,
    messages: Vec<Value>,
    result_info: Option<Value>,
}

impl Answer {
    /// An answer that is not paged.
    pub(super) fn new(result: Value) -> Self {
        Self {
            result,
            messages: Vec::new(),
            result_info: None,
        }
    }

    /// A page of a list. `result_info` describes the page.
    pub(super) fn page(result: Vec<Value>, result_info: Value) -> Self {
        Self {
            result: Value::Array(result),
            messages: Vec::new(),
            result_info: Some(result_info),
        }
    }

    /// The result without its envelope.
    pub(super) fn into_result(self) -> Value {
        self.result
    }

    /// Adds a message.
    pub(super) fn with_message(mut self, code: u32, text: &str) -> Self {
        self.messages
            .push(json!({ "code": code, "message": text, "type": null }));
        self
    }

    pub(super) fn respond(self) -> FullResponse {
        let mut envelope = json!({
            "result": self.result,
            "success": true,
            "errors": [],
            "messages": self.messages,
        });
        if let Some(info) = self.result_info {
            envelope["result_info"] = info;
        }
        json_response(StatusCode::OK, &envelope)
    }
}

/// An error of the API. Clients decide by its code; its message is for people.
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

    /// An invalid record whose error Cloudflare returns as it is.
    pub(super) fn invalid_record(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// An invalid record whose error Cloudflare wraps in the error 1004.
    pub(super) fn wrapped(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, 1004, "DNS Validation Error").with_cause(code, message)
    }

    /// A path that contains an invalid or unknown id.
    pub(super) fn not_found(path: &str) -> Self {
        let path = path.strip_prefix("/client/v4").unwrap_or(path);
        Self::new(
            404,
            7003,
            format!("Could not route to {path}, perhaps your object identifier is invalid?"),
        )
    }

    /// An invalid request body.
    pub(super) fn invalid_body(message: impl Into<String>) -> Self {
        Self::new(400, 9207, message)
    }

    /// Adds the error that the last error wraps.
    pub(super) fn with_cause(mut self, code: u32, message: impl Into<String>) -> Self {
        if let Some(last) = self.errors.last_mut() {
            last["error_chain"] = json!([{ "code": code, "message": message.into() }]);
        }
        self
    }

    /// Adds another error to the list.
    pub(super) fn and(mut self, code: u32, message: &str) -> Self {
        self.errors
            .push(json!({ "code": code, "message": message }));
        self
    }

    pub(super) fn respond(&self) -> FullResponse {
        let envelope = json!({
            "result": null,
            "success": false,
            "errors": self.errors,
            "messages": [],
        });
        let status = StatusCode::from_u16(self.status);
        json_response(
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            &envelope,
        )
    }
}

/// The outcome of an operation.
pub(super) type Outcome = Result<Answer, ApiError>;

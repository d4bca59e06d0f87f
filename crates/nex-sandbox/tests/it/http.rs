//! HTTP calls.

use std::io::ErrorKind;

use ureq::Agent;
use ureq::http::{Request, Response};

/// Makes a call on a new connection. Returns `None` if the gateway closes the connection without
/// an answer. An empty body is not sent.
pub(crate) fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Response<String>> {
    let agent: Agent = Agent::config_builder()
        // The proxy of the environment cannot reach this machine's loopback.
        .proxy(None)
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = if body.is_empty() {
        agent.run(request.body(()).expect("a request"))
    } else {
        agent.run(request.body(body).expect("a request"))
    };
    match answer {
        Ok(answer) => {
            let (head, mut body) = answer.into_parts();
            let text = body.read_to_string().expect("a body in UTF-8");
            Some(Response::from_parts(head, text))
        }
        Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => None,
        Err(error) => panic!("{method} {url}: {error:?}"),
    }
}

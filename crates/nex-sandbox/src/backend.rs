//! The interface between a gateway and the emulator behind it.

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use crate::call::Call;
use crate::response::FullResponse;
use crate::rules::Loss;

/// An error that the gateway injects. Each service has its own format for it, and its own status
/// and code unless the rule chooses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The client sends too many calls.
    Throttled,
    /// The call failed inside the service.
    Failed(Loss),
    /// The rule chose the error.
    Chosen {
        status: u16,
        code: String,
        message: String,
    },
}

/// An emulator that serves the calls of a gateway.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Finds the service and the operation of a request.
    fn identify(&self, head: &Parts, body: &[u8]) -> Call;

    /// Executes a request.
    fn answer(
        &self,
        call: &Call,
        head: Parts,
        body: Bytes,
    ) -> impl Future<Output = FullResponse> + Send;

    /// Builds the error response for a request that the gateway refuses.
    fn refuse(&self, service: &str, refusal: Refusal) -> FullResponse;
}

/// The part of the control API that belongs to one emulator.
pub(crate) trait ControlExtension: Send + Sync + 'static {
    /// Answers a control call. `path` does not include the emulator's prefix.
    fn control(&self, method: &Method, path: &str, body: &[u8]) -> FullResponse;
}

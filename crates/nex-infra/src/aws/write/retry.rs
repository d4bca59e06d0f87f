//! Trying again: what AWS has not heard of yet, and what must not be tried twice.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use tokio::time::{Instant, sleep};

use crate::aws::Error;

/// How long a new instance profile, role or group may be unknown to other services: IAM's own advice is seconds, up to
/// a minute has been seen.
pub(super) const PROPAGATION: Duration = Duration::from_secs(60);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The first pause; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Calls again while `unknown` says that AWS has not heard yet of what was made a moment ago.
pub(super) async fn until_known<T, F>(
    mut call: impl FnMut() -> F,
    unknown: impl Fn(&Error) -> bool,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let deadline = Instant::now() + PROPAGATION;
    let mut pause = FIRST_PAUSE;
    loop {
        match call().await {
            Err(error) if unknown(&error) && Instant::now() + pause < deadline => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            result => return result,
        }
    }
}

/// Looks until `done` gives a value, for at most `limit`.
pub(super) async fn until<T, F>(
    about: &str,
    state: &'static str,
    limit: Duration,
    mut look: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<Option<T>, Error>>,
{
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(value) = look().await? {
            return Ok(value);
        }
        if Instant::now() + pause > deadline {
            return Err(Error::TooLate {
                about: about.to_owned(),
                state,
                seconds: limit.as_secs(),
            });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// For creates without an idempotency token: only a throttled call, which the server did not act on, is tried again.
#[derive(Debug)]
pub(super) struct OnlyThrottled;

impl ClassifyRetry for OnlyThrottled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        /// As the SDK's own list of throttling codes, for the services whose creates have no token.
        const THROTTLED: [&str; 5] = [
            "LimitExceededException",
            "RequestLimitExceeded",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ];
        let code = match context.output_or_error() {
            Some(Err(error)) => error.as_operation_error().and_then(|e| {
                let metadata = e
                    .downcast_ref::<aws_sdk_ec2::operation::allocate_address::AllocateAddressError>()
                    .map(aws_smithy_types::error::metadata::ProvideErrorMetadata::meta)
                    .or_else(|| {
                        e.downcast_ref::<aws_sdk_dlm::operation::create_lifecycle_policy::CreateLifecyclePolicyError>()
                            .map(aws_smithy_types::error::metadata::ProvideErrorMetadata::meta)
                    });
                metadata.and_then(|m| m.code().map(str::to_owned))
            }),
            _ => return RetryAction::NoActionIndicated,
        };
        match code {
            Some(code) if THROTTLED.contains(&code.as_str()) => RetryAction::throttling_error(),
            _ => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "only throttled"
    }
}

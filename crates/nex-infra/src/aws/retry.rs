//! Waits for AWS: for a resource to reach a state, and for one service to see what another service created.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use backon::{BackoffBuilder, ExponentialBuilder};
use nex_plan::CancelToken;
use tokio::time::{Instant, sleep};

use super::Error;

/// How long other services may not see a change: a new instance profile, role or group, or the end of one. Terraform's
/// AWS provider waits as long (`iamPropagationTimeout`).
pub(super) const PROPAGATION: Duration = Duration::from_secs(120);

/// The first pause between two calls; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two calls.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a wait is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait<'a> {
    /// The resource.
    pub about: &'a str,
    /// The state that the resource must reach.
    pub state: &'static str,
    /// How long the wait may take.
    pub limit: Duration,
    /// Ends the wait, but never interrupts a call.
    pub cancel: &'a CancelToken,
}

impl<'a> Wait<'a> {
    /// A wait until other services see a resource that was just created.
    pub(super) fn for_propagation(about: &'a str, cancel: &'a CancelToken) -> Self {
        Self {
            about,
            state: "accepted by AWS (something that it needs is not visible yet)",
            limit: PROPAGATION,
            cancel,
        }
    }

    /// A wait until other services see that what used a resource is gone.
    pub(super) fn for_release(about: &'a str, cancel: &'a CancelToken) -> Self {
        Self {
            state: "released by what used it",
            ..Self::for_propagation(about, cancel)
        }
    }

    /// Calls `look` until `look` returns a value.
    pub(super) async fn until<T, F>(&self, mut look: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let mut pauses = Pauses::new(self.limit);
        loop {
            if let Some(value) = look().await? {
                return Ok(value);
            }
            match pauses.next() {
                Some(pause) => self.pause(pause).await?,
                None => return Err(self.too_late()),
            }
        }
    }

    /// Repeats `call` while `unsettled` says that AWS does not see a change that was just made.
    pub(super) async fn until_settled<T, F>(
        &self,
        mut call: impl FnMut() -> F,
        unsettled: impl Fn(&Error) -> bool,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pauses = Pauses::new(self.limit);
        loop {
            match call().await {
                Err(error) if unsettled(&error) => match pauses.next() {
                    Some(pause) => self.pause(pause).await?,
                    None => return Err(error),
                },
                result => return result,
            }
        }
    }

    async fn pause(&self, pause: Duration) -> Result<(), Error> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::Cancelled {
                about: self.about.to_owned(),
                state: self.state,
            }),
            () = sleep(pause) => Ok(()),
        }
    }

    fn too_late(&self) -> Error {
        Error::TooLate {
            about: self.about.to_owned(),
            state: self.state,
            seconds: self.limit.as_secs(),
        }
    }
}

/// The pauses of a wait. No pause ends after the wait's limit.
struct Pauses<B> {
    backoff: B,
    deadline: Instant,
}

impl Pauses<()> {
    fn new(limit: Duration) -> Pauses<impl Iterator<Item = Duration>> {
        let backoff = ExponentialBuilder::default()
            .with_factor(2.0)
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .without_max_times()
            .build();
        Pauses {
            backoff,
            deadline: Instant::now() + limit,
        }
    }
}

impl<B: Iterator<Item = Duration>> Iterator for Pauses<B> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.backoff.next()?;
        (Instant::now() + pause < self.deadline).then_some(pause)
    }
}

/// For create calls without an idempotency token: the SDK repeats only a throttled call, because the service did not
/// execute that call.
#[derive(Debug)]
pub(super) struct OnlyThrottled;

/// The SDK's own throttling codes, for the services that have no token for create calls.
const THROTTLED: [&str; 5] = [
    "LimitExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

impl ClassifyRetry for OnlyThrottled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        use aws_sdk_dlm::operation::create_lifecycle_policy::CreateLifecyclePolicyError;
        use aws_sdk_ec2::operation::allocate_address::AllocateAddressError;
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let code = error.as_operation_error().and_then(|error| {
            let address = error.downcast_ref::<AllocateAddressError>();
            let policy = error.downcast_ref::<CreateLifecyclePolicyError>();
            address
                .and_then(ProvideErrorMetadata::code)
                .or(policy.and_then(ProvideErrorMetadata::code))
        });
        match code {
            Some(code) if THROTTLED.contains(&code) => RetryAction::throttling_error(),
            _ => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "only throttled"
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use nex_plan::{CloudError as _, ErrorKind};

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(future)
    }

    fn wait(limit: Duration, cancel: &CancelToken) -> Wait<'_> {
        Wait {
            about: "i-1",
            state: "running",
            limit,
            cancel,
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_end_before_the_limit() {
        let pauses: Vec<u128> = Pauses::new(Duration::from_secs(600))
            .take(6)
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!(Pauses::new(Duration::from_millis(499)).next(), None);
    }

    #[test]
    fn a_cancelled_wait_ends_at_once_and_after_a_whole_call() {
        let cancel = CancelToken::default();
        let looks = Cell::new(0);
        let look = || {
            looks.set(looks.get() + 1);
            cancel.cancel();
            async { Ok(None::<()>) }
        };
        let started = Instant::now();
        let result = run(wait(Duration::from_secs(600), &cancel).until(look));
        let error = result.expect_err("the wait was cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(error.to_string(), "i-1 was not yet running");
        assert_eq!(looks.get(), 1);
        assert!(started.elapsed() < FIRST_PAUSE);
    }

    #[test]
    fn a_call_that_succeeds_succeeds_though_the_run_is_cancelled() {
        let cancel = CancelToken::default();
        cancel.cancel();
        let wait = wait(PROPAGATION, &cancel);
        let result = run(wait.until_settled(|| async { Ok(1) }, |_| true));
        assert_eq!(result.ok(), Some(1));
    }

    #[test]
    fn what_stays_unknown_is_the_last_calls_error_and_not_a_time_out() {
        let cancel = CancelToken::default();
        let missing = || async {
            Err::<(), _>(Error::Missing {
                about: "a".into(),
                missing: "b".into(),
            })
        };
        let result = run(wait(Duration::ZERO, &cancel).until_settled(missing, |_| true));
        assert!(matches!(result, Err(Error::Missing { .. })), "{result:?}");
        let result = run(wait(Duration::ZERO, &cancel).until(|| async { Ok(None::<()>) }));
        assert!(matches!(result, Err(Error::TooLate { .. })), "{result:?}");
    }
}

//! The connection to AWS or to a sandbox.

use std::sync::Arc;

use nex_infra::aws::{Aws, ConnectOptions, Error};
use nex_plan::CallLog;
use tokio::sync::OnceCell;

use super::endpoints::SandboxEndpoints;

/// The SDK's variable for the maximum number of tries of a call.
const MAX_ATTEMPTS: &str = "AWS_MAX_ATTEMPTS";

/// Connects once, when the clients are first needed. Clones share the connection.
#[derive(Clone, Debug)]
pub(crate) struct AwsConnection {
    options: ConnectOptions,
    aws: Arc<OnceCell<Arc<Aws>>>,
}

impl AwsConnection {
    pub(crate) fn new(
        aws: &nex_infra::Spec,
        sandbox: Option<&SandboxEndpoints>,
        calls: CallLog,
    ) -> Self {
        let attempts = std::env::var(MAX_ATTEMPTS).ok();
        Self {
            options: ConnectOptions {
                region: aws.region.clone(),
                account: aws.account.clone(),
                max_attempts: attempts.and_then(|attempts| attempts.parse().ok()),
                endpoint: sandbox.map(|sandbox| sandbox.aws.clone()),
                calls,
            },
            aws: Arc::default(),
        }
    }

    /// The clients.
    ///
    /// # Errors
    /// [`Error::NoCredentials`].
    pub(crate) async fn get(&self) -> Result<&Arc<Aws>, Error> {
        // The SDK's futures are large: on the heap, they leave room on the stack.
        let connect = async || Box::pin(Aws::connect(&self.options)).await.map(Arc::new);
        self.aws.get_or_try_init(connect).await
    }
}

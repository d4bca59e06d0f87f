//! The one place that builds SDK clients.

use std::time::{Duration, Instant};

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ec2::config::{Credentials, ProvideCredentials};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{CallLog, Error};

/// Tries of one call. The SDK's own 3 are too few for the throttling of EC2 and IAM.
const MAX_ATTEMPTS: u32 = 8;

/// The longest pause between two tries: EC2's buckets refill within seconds.
const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// How long one try may take: RunInstances has been seen to take half a minute.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How to reach AWS.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The Region of the environment.
    pub region: String,
    /// Tries of one call; `None` for 8.
    pub max_attempts: Option<u32>,
    /// Another cloud than AWS's own. Without it, credentials, profile and endpoint come from where every SDK program
    /// takes them.
    pub stand_in: Option<StandIn>,
}

/// A stand-in for AWS on loopback.
#[derive(Clone, Debug)]
pub struct StandIn {
    /// Where it listens, such as `http://127.0.0.1:4566`.
    pub endpoint: String,
    /// The access key's id; a stand-in checks none.
    pub access_key_id: String,
    /// The secret access key; a stand-in checks none.
    pub secret_access_key: String,
}

/// The clients of all services, with one log of calls.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(super) region: String,
    pub(super) autoscaling: aws_sdk_autoscaling::Client,
    pub(super) dlm: aws_sdk_dlm::Client,
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) quotas: aws_sdk_servicequotas::Client,
    pub(super) rds: aws_sdk_rds::Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) secrets: aws_sdk_secretsmanager::Client,
    pub(super) ssm: aws_sdk_ssm::Client,
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) tagging: aws_sdk_resourcegroupstagging::Client,
    calls: CallLog,
}

macro_rules! client {
    ($service:ident, $config:expr, $calls:expr) => {
        $service::Client::from_conf(
            $service::config::Builder::from($config)
                .interceptor($calls.clone())
                .build(),
        )
    };
}

impl Aws {
    /// Builds the clients, and makes sure that there are credentials before anything else.
    pub async fn connect(connect: &Connect) -> Result<Self, Error> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let retry = RetryConfig::standard()
            .with_max_attempts(connect.max_attempts.unwrap_or(MAX_ATTEMPTS))
            .with_max_backoff(MAX_BACKOFF);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(aws_config::Region::new(connect.region.clone()))
            .retry_config(retry)
            .timeout_config(timeouts);
        if let Some(stand_in) = &connect.stand_in {
            let keys = Credentials::new(
                &stand_in.access_key_id,
                &stand_in.secret_access_key,
                None,
                None,
                "stand-in",
            );
            loader = loader
                .endpoint_url(&stand_in.endpoint)
                .credentials_provider(keys);
        }
        let config = loader.load().await;
        let no_credentials = |error| Error::NoCredentials(error);
        match config.credentials_provider() {
            Some(provider) => provider
                .provide_credentials()
                .await
                .map_err(|error| no_credentials(error.into()))?,
            None => return Err(no_credentials("no provider is set up".into())),
        };
        let calls = CallLog::default();
        Ok(Self {
            region: connect.region.clone(),
            autoscaling: client!(aws_sdk_autoscaling, &config, calls),
            dlm: client!(aws_sdk_dlm, &config, calls),
            ec2: client!(aws_sdk_ec2, &config, calls),
            iam: client!(aws_sdk_iam, &config, calls),
            logs: client!(aws_sdk_cloudwatchlogs, &config, calls),
            quotas: client!(aws_sdk_servicequotas, &config, calls),
            rds: client!(aws_sdk_rds, &config, calls),
            s3: client!(aws_sdk_s3, &config, calls),
            secrets: client!(aws_sdk_secretsmanager, &config, calls),
            ssm: client!(aws_sdk_ssm, &config, calls),
            sts: client!(aws_sdk_sts, &config, calls),
            tagging: client!(aws_sdk_resourcegroupstagging, &config, calls),
            calls,
        })
    }

    /// From when to when each call so far took, tries counted singly: for [`Calls::of`](super::Calls::of).
    pub fn spans(&self) -> Vec<(Instant, Instant)> {
        self.calls.spans()
    }
}

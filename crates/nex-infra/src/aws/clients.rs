//! The one place that builds SDK clients.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ec2::config::{Credentials, ProvideCredentials};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use nex_plan::CallLog;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

use super::Error;
use super::ca_bundle;
use super::calls::CallRecorder;
use super::clear_text::{ClearTextGuard, is_exposed, is_loopback};

/// How often one call is tried. The SDK's default of 3 is too low for the throttling of EC2 and IAM.
const MAX_ATTEMPTS: u32 = 8;

/// The longest pause between two tries: EC2's buckets refill within seconds.
const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// How long one try may take. RunInstances has been seen to take half a minute.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How to reach AWS.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The Region of the environment.
    pub region: String,
    /// The account's 12 digits. `None` asks AWS when the account is first needed.
    pub account: Option<String>,
    /// How often one call is tried; `None` for 8.
    pub max_attempts: Option<u32>,
    /// An emulator to use instead of AWS. Without an emulator, credentials, profile and endpoint come from the usual
    /// places of the AWS SDKs.
    pub endpoint: Option<EndpointOverride>,
    /// The log that records the calls. Clients of other services may share this log.
    pub calls: CallLog,
}

/// An emulator of AWS, such as one on loopback.
#[derive(Clone, Debug)]
pub struct EndpointOverride {
    /// The emulator's URL, such as `http://127.0.0.1:4566`.
    pub url: String,
    /// The URL of S3, such as one with TLS; `None` for `url`.
    pub s3_url: Option<String>,
    /// A file with the certificates to trust, as PEM; `None` for AWS_CA_BUNDLE or the machine's.
    pub ca_bundle: Option<PathBuf>,
    /// The access key's id; an emulator may accept any.
    pub access_key_id: String,
    /// The secret access key; an emulator may accept any.
    pub secret_access_key: SecretString,
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
    account: OnceCell<String>,
    calls: CallLog,
}

macro_rules! client {
    ($service:ident, $config:expr, $calls:expr) => {
        $service::Client::from_conf(
            $service::config::Builder::from($config)
                .interceptor(CallRecorder($calls.clone()))
                .interceptor(ClearTextGuard)
                .build(),
        )
    };
}

/// The HTTP client: with the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, except for an endpoint on this machine.
fn http_client(options: &ConnectOptions, tls: TlsContext) -> SharedHttpClient {
    let is_local = endpoint(options).is_some_and(|url| is_loopback(&url));
    aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, components| {
        let proxy = if is_local {
            ProxyConfig::disabled()
        } else {
            ProxyConfig::from_env()
        };
        let mut connector = Connector::builder().proxy_config(proxy);
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls.clone())
            .build()
    })
}

/// The address to use instead of AWS's own: the caller's, or that of the SDKs' variable.
fn endpoint(options: &ConnectOptions) -> Option<String> {
    let given = options.endpoint.as_ref();
    let variable = || std::env::var("AWS_ENDPOINT_URL").ok();
    given.map(|endpoint| endpoint.url.clone()).or_else(variable)
}

impl Aws {
    /// Builds the clients. Checks first that credentials exist.
    ///
    /// # Errors
    /// [`Error::NoCredentials`]; [`Error::ClearText`] for an `http` endpoint of another machine; [`Error::CaBundle`].
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        if let Some(url) = endpoint(options)
            && is_exposed(&url)
        {
            return Err(Error::ClearText(url));
        }
        let given = options.endpoint.as_ref();
        let tls = ca_bundle::tls_context(given.and_then(|given| given.ca_bundle.as_deref()))?;
        let http = http_client(options, tls);
        let retry = RetryConfig::standard()
            .with_max_attempts(options.max_attempts.unwrap_or(MAX_ATTEMPTS))
            .with_max_backoff(MAX_BACKOFF);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(aws_config::Region::new(options.region.clone()))
            .retry_config(retry)
            .timeout_config(timeouts);
        if let Some(endpoint) = &options.endpoint {
            let keys = Credentials::new(
                &endpoint.access_key_id,
                endpoint.secret_access_key.expose_secret(),
                None,
                None,
                "EndpointOverride",
            );
            loader = loader
                .endpoint_url(&endpoint.url)
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
        let calls = options.calls.clone();
        let mut s3 = aws_sdk_s3::config::Builder::from(&config);
        if let Some(url) = given.and_then(|given| given.s3_url.as_ref()) {
            s3 = s3.endpoint_url(url);
        }
        Ok(Self {
            region: options.region.clone(),
            autoscaling: client!(aws_sdk_autoscaling, &config, calls),
            dlm: client!(aws_sdk_dlm, &config, calls),
            ec2: client!(aws_sdk_ec2, &config, calls),
            iam: client!(aws_sdk_iam, &config, calls),
            logs: client!(aws_sdk_cloudwatchlogs, &config, calls),
            quotas: client!(aws_sdk_servicequotas, &config, calls),
            rds: client!(aws_sdk_rds, &config, calls),
            s3: client!(aws_sdk_s3, s3, calls),
            secrets: client!(aws_sdk_secretsmanager, &config, calls),
            ssm: client!(aws_sdk_ssm, &config, calls),
            sts: client!(aws_sdk_sts, &config, calls),
            tagging: client!(aws_sdk_resourcegroupstagging, &config, calls),
            account: OnceCell::new_with(options.account.clone()),
            calls,
        })
    }

    /// The account's 12 digits: every call about a bucket says whose the bucket must be.
    pub(super) async fn account(&self) -> Result<&str, Error> {
        let account = self.account.get_or_try_init(|| self.caller_account());
        account.await.map(String::as_str)
    }

    /// The account that the credentials belong to.
    pub(super) async fn caller_account(&self) -> Result<String, Error> {
        const CALL: &str = "GetCallerIdentity";
        const ABOUT: &str = "the account";
        let request = self.sts.get_caller_identity().send();
        let identity = request.await.map_err(Error::call(CALL, ABOUT))?;
        let lacks = Error::lacks(CALL, ABOUT);
        identity.account.ok_or_else(|| lacks("an account"))
    }

    /// The log of the calls so far, each try counted as a call.
    pub fn calls(&self) -> &CallLog {
        &self.calls
    }
}

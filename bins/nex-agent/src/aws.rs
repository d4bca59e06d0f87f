//! AWS, with the keys of the instance's role.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::Blob;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use futures_util::future::BoxFuture;
use nex_host::{Artifact, Bucket, Cause, Digest, HostConfig, ObjectKey, SecretName};
use secrecy::SecretString;

use crate::cloud::{Cloud, Destination};
use crate::failure::Failure;

/// How often one call is tried. The steps themselves are tried again, too.
const MAX_ATTEMPTS: u32 = 4;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one try may take: 15 MB at 2 Mbit/s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// The codes with which AWS refuses a call.
const DENIED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// The codes of a secret that does not exist, has no value, or is marked for deletion.
const NO_SECRET: [&str; 2] = ["ResourceNotFoundException", "InvalidRequestException"];

/// The clients of a host.
#[derive(Clone, Debug)]
pub struct Aws {
    s3: aws_sdk_s3::Client,
    secrets: aws_sdk_secretsmanager::Client,
    artifacts: Bucket,
    status: Bucket,
}

impl Aws {
    /// Builds the clients. Makes no call.
    pub async fn connect(host: &HostConfig) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let imds = ProviderConfig::without_region().with_http_client(http.clone());
        let keys = ImdsCredentialsProvider::builder().configure(&imds).build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(aws_config::Region::new(host.region.to_string()))
            .credentials_provider(keys)
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .timeout_config(timeouts)
            .load()
            .await;
        Self {
            s3: aws_sdk_s3::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            artifacts: host.artifacts.clone(),
            status: host.status.clone(),
        }
    }
}

impl Cloud for Aws {
    fn secret<'a>(&'a self, name: &'a SecretName) -> BoxFuture<'a, Result<SecretString, Failure>> {
        Box::pin(async move {
            let call = self.secrets.get_secret_value().secret_id(name.as_str());
            let answer = call.send().await.map_err(|error| {
                let mut failure = failure(&format!("read the secret {name}"), &error);
                if error.code().is_some_and(|code| NO_SECRET.contains(&code)) {
                    failure.cause = Cause::NoSecret;
                }
                failure
            })?;
            let no_text =
                || Failure::new(Cause::NoSecret, format!("the secret {name} has no text"));
            answer
                .secret_string
                .map(SecretString::from)
                .ok_or_else(no_text)
        })
    }

    fn artifact<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Vec<u8>, Failure>> {
        Box::pin(async move {
            let Artifact { key, sha256, bytes } = artifact;
            let what = format!("fetch the object {key}");
            let call = self.s3.get_object().bucket(self.artifacts.name.as_str());
            let call = call.expected_bucket_owner(self.artifacts.account.as_str());
            let answer = call.key(key.as_str()).send().await;
            let mut body = answer.map_err(|error| failure(&what, &error))?.body;
            let broken =
                |error| Failure::new(Cause::NoNetwork, format!("failed to {what}: {error}"));
            let mut content = Vec::new();
            // An object that is larger than it may be is not read to its end.
            while content.len() as u64 <= *bytes {
                let Some(chunk) = body.try_next().await.map_err(broken)? else {
                    break;
                };
                content.extend_from_slice(&chunk);
            }
            if Digest::of(&content) == *sha256 {
                Ok(content)
            } else {
                let text = format!("the object {key} does not have the SHA-256 {sha256}");
                Err(Failure::new(Cause::HashMismatch, text))
            }
        })
    }

    fn put_secret<'a>(
        &'a self,
        name: &'a SecretName,
        value: Vec<u8>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let call = self.secrets.put_secret_value().secret_id(name.as_str());
            let answer = call.secret_binary(Blob::new(value)).send().await;
            answer.map_err(|error| failure(&format!("write the secret {name}"), &error))?;
            Ok(())
        })
    }

    fn begin_upload<'a>(&'a self, to: &'a Destination) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let Destination { bucket, key } = to;
            let call = self
                .s3
                .create_multipart_upload()
                .bucket(bucket.name.as_str());
            let call = call.expected_bucket_owner(bucket.account.as_str());
            let answer = call.key(key.as_str()).send().await;
            let what = format!("begin the upload of {key}");
            let answer = answer.map_err(|error| failure(&what, &error))?;
            answer.upload_id.ok_or_else(|| lacks(&what))
        })
    }

    fn upload_part<'a>(
        &'a self,
        to: &'a Destination,
        id: &'a str,
        number: i32,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let Destination { bucket, key } = to;
            let call = self.s3.upload_part().bucket(bucket.name.as_str());
            let call = call.expected_bucket_owner(bucket.account.as_str());
            let call = call.key(key.as_str()).upload_id(id).part_number(number);
            let what = format!("upload the part {number} of {key}");
            let answer = call.body(bytes.into()).send().await;
            let answer = answer.map_err(|error| failure(&what, &error))?;
            answer.e_tag.ok_or_else(|| lacks(&what))
        })
    }

    fn finish_upload<'a>(
        &'a self,
        to: &'a Destination,
        id: &'a str,
        tags: &'a [String],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let Destination { bucket, key } = to;
            let part = |(tag, number): (&String, i32)| {
                CompletedPart::builder()
                    .e_tag(tag)
                    .part_number(number)
                    .build()
            };
            let parts = tags.iter().zip(1..).map(part).collect();
            let parts = CompletedMultipartUpload::builder()
                .set_parts(Some(parts))
                .build();
            let call = self
                .s3
                .complete_multipart_upload()
                .bucket(bucket.name.as_str());
            let call = call.expected_bucket_owner(bucket.account.as_str());
            let call = call.key(key.as_str()).upload_id(id).multipart_upload(parts);
            let what = format!("finish the upload of {key}");
            call.send().await.map_err(|error| failure(&what, &error))?;
            Ok(())
        })
    }

    fn put_status<'a>(
        &'a self,
        key: &'a ObjectKey,
        document: Vec<u8>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let call = self.s3.put_object().bucket(self.status.name.as_str());
            let call = call.expected_bucket_owner(self.status.account.as_str());
            let call = call.content_type("application/json").key(key.as_str());
            let answer = call.body(document.into()).send().await;
            answer.map_err(|error| failure(&format!("store the object {key}"), &error))?;
            Ok(())
        })
    }
}

fn lacks(what: &str) -> Failure {
    Failure::new(
        Cause::Other,
        format!("failed to {what}: the answer is incomplete"),
    )
}

/// The failure of a call. Errors of the SDK never hold the value of a secret.
fn failure<E>(what: &str, error: &SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code().unwrap_or_default();
    let cause = match error {
        _ if DENIED.contains(&code) => Cause::AccessDenied,
        SdkError::TimeoutError(_) => Cause::NoNetwork,
        SdkError::DispatchFailure(dispatch) if dispatch.is_io() || dispatch.is_timeout() => {
            Cause::NoNetwork
        }
        // Only the SDK's client for the role's keys fails before a call is sent.
        SdkError::DispatchFailure(_) => Cause::AccessDenied,
        _ => Cause::Other,
    };
    let message = match error {
        SdkError::ServiceError(_) => {
            let message = error.message().unwrap_or("AWS gives no message");
            format!("{code}: {message}")
        }
        other => DisplayErrorContext(other).to_string(),
    };
    Failure::new(cause, format!("failed to {what}: {message}"))
}

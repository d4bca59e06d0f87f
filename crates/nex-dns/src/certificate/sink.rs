//! Where certificate and key are kept: the caller's business.

use std::error::Error as StdError;
use std::future::Future;

use super::bundle::Bundle;

/// What a secret holds, with the version that a change of it must name.
#[derive(Clone, Debug)]
pub struct Held {
    /// The version of the secret's value.
    pub version: String,
    /// Its value.
    pub bundle: Bundle,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is the secret's value now, in this version.
    Now(String),
    /// Someone else wrote in between; nothing was stored.
    Overtaken,
}

/// Where bundles are kept under names: AWS Secrets Manager, Vault, a file of mode 600.
pub trait SecretSource: Sync {
    /// Why it fails.
    type Error: StdError + Send + Sync + 'static;

    /// What the secret holds; `None` if it does not exist or has no value.
    fn read(&self, secret: &str) -> impl Future<Output = Result<Option<Held>, Self::Error>> + Send;
}

/// Keeps bundles.
///
/// What [`SecretSink::store`] has confirmed must survive a crash, and must not overwrite what another run wrote in
/// between. In Secrets Manager: `CreateSecret` for the first value; then `PutSecretValue` under a stage of its own,
/// and `UpdateSecretVersionStage` moves `AWSCURRENT` from version `over` only.
pub trait SecretSink: SecretSource {
    /// Makes `bundle` the secret's value, if its version is still `over`; `None` is no value yet.
    fn store(
        &self,
        secret: &str,
        bundle: &Bundle,
        over: Option<&str>,
    ) -> impl Future<Output = Result<Stored, Self::Error>> + Send;
}

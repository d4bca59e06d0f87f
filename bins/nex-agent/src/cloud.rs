//! What the agent asks of AWS, as a trait: the real one is [`Aws`](crate::aws::Aws).

use futures_util::future::BoxFuture;
use nex_host::{Artifact, ObjectKey, SecretName};
use secrecy::SecretString;

use crate::failure::Failure;

/// The calls of a host.
pub trait Cloud: Send + Sync {
    /// The value of a secret.
    ///
    /// Fails with [`Cause::NoSecret`](nex_host::Cause::NoSecret) while the secret does not exist or has no value.
    fn secret<'a>(&'a self, name: &'a SecretName) -> BoxFuture<'a, Result<SecretString, Failure>>;

    /// The bytes of an object of the artifacts bucket, checked against its hash. It may be smaller than it says.
    fn artifact<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Vec<u8>, Failure>>;

    /// Stores an object of the status bucket.
    fn put_status<'a>(
        &'a self,
        key: &'a ObjectKey,
        document: Vec<u8>,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

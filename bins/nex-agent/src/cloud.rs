//! What the agent asks of AWS, as a trait: the real one is [`Aws`](crate::aws::Aws).

use futures_util::future::BoxFuture;
use nex_host::{Artifact, Bucket, ObjectKey, SecretName};
use secrecy::SecretString;

use crate::failure::Failure;

/// Where an upload goes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Destination {
    /// The bucket.
    pub bucket: Bucket,
    /// The object's key.
    pub key: ObjectKey,
}

/// The calls of a host.
pub trait Cloud: Send + Sync {
    /// The value of a secret.
    ///
    /// Fails with [`Cause::NoSecret`](nex_host::Cause::NoSecret) while the secret does not exist or has no value.
    fn secret<'a>(&'a self, name: &'a SecretName) -> BoxFuture<'a, Result<SecretString, Failure>>;

    /// The bytes of an object of the artifacts bucket, checked against its hash. It may be smaller than it says.
    fn artifact<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Vec<u8>, Failure>>;

    /// Gives a secret a new value.
    fn put_secret<'a>(
        &'a self,
        name: &'a SecretName,
        value: Vec<u8>,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Begins an upload in parts, and returns its id.
    fn begin_upload<'a>(&'a self, to: &'a Destination) -> BoxFuture<'a, Result<String, Failure>>;

    /// Uploads a part, counted from 1, and returns its tag.
    fn upload_part<'a>(
        &'a self,
        to: &'a Destination,
        id: &'a str,
        number: i32,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<String, Failure>>;

    /// Makes one object of the parts with these tags.
    fn finish_upload<'a>(
        &'a self,
        to: &'a Destination,
        id: &'a str,
        tags: &'a [String],
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Stores an object of the status bucket.
    fn put_status<'a>(
        &'a self,
        key: &'a ObjectKey,
        document: Vec<u8>,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

//! The client of AWS: implements [`crate::CloudReader`] and [`crate::CloudWriter`].

mod ca_bundle;
mod calls;
mod clear_text;
mod clients;
mod codes;
mod error;
mod lock;
mod number;
mod read;
mod retry;
mod secret_store;
mod write;

pub use clients::{Aws, ConnectOptions, EndpointOverride};
pub use error::{CallError, Error};
pub use lock::{Attempt, EXPIRY, HeldLock, Holder, Lock, RENEWAL, Renewal, TakeOver};
pub use read::Reader;
pub use secret_store::{CurrentSecret, NewVersion, SecretStore, SecretStoreWriter, SecretVersions};
pub use write::{SuppliedSecrets, Writer};

//! AWS itself: the reader and the writer behind [`crate::Read`] and [`crate::Write`].

mod calls;
mod clients;
mod error;
mod read;
mod vault;
mod write;

pub use calls::{CallLog, Calls};
pub use clients::{Aws, Connect, StandIn};
pub use error::Error;
pub use read::Reader;
pub use vault::{SecretValue, Vault, VaultWriter};
pub use write::{Given, Writer};

//! The border between the pure part and Cloudflare: reading and writing are separate, so that a dry run holds no writer.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::future::Future;

use nex_plan::Class;

use crate::certificate::{LiveCertificate, Request};
use crate::diff::Step;
use crate::setting::Setting;
use crate::zone::Zone;

/// An error of Cloudflare's, classified.
pub trait Failure: StdError + Send + Sync + 'static {
    /// What it means for what comes next.
    fn class(&self) -> Class;

    /// What would mend it.
    fn hint(&self) -> Option<String> {
        None
    }

    /// Which of `steps`, sent in one batch, it is about, as far as it says so.
    fn about(&self, steps: &[Step]) -> Vec<usize> {
        let _ = steps;
        vec![]
    }
}

/// What is to be read of a zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The zone's name.
    pub zone: String,
    /// The settings; none costs no call.
    pub settings: BTreeSet<Setting>,
    /// Whether the live certificates are wanted, and the ids of those that must not be missed.
    pub certificates: Option<BTreeSet<String>>,
}

/// Reads Cloudflare.
pub trait Read: Sync {
    /// Why a read fails.
    type Error: Failure;

    /// The zone with all its records and what else is asked for.
    fn zone(&self, ask: &Ask) -> impl Future<Output = Result<Zone, Self::Error>> + Send;

    /// The live Origin CA certificates of the zone with this id. Those of `known` are looked up one by one where the
    /// list lacks them, as it may just after an issue.
    fn certificates(
        &self,
        zone: &str,
        known: &BTreeSet<String>,
    ) -> impl Future<Output = Result<Vec<LiveCertificate>, Self::Error>> + Send;
}

/// Changes Cloudflare.
pub trait Write: Sync {
    /// Why a change fails.
    type Error: Failure;

    /// Does all of `steps` in the zone with this id, or none: deletes first, then updates, then creates.
    fn records(
        &self,
        zone: &str,
        steps: &[Step],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Changes a setting of the zone with this id.
    fn set(
        &self,
        zone: &str,
        setting: Setting,
        value: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Has a certificate issued. Never done twice on its own: each time makes one more.
    fn issue(
        &self,
        request: &Request,
    ) -> impl Future<Output = Result<LiveCertificate, Self::Error>> + Send;

    /// Revokes the certificate with this id. One that is gone already is no error.
    fn revoke(&self, id: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

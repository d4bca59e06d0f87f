//! The border between the pure part and Cloudflare: reading and writing are separate, so that a dry run never has a
//! writer.

use std::collections::BTreeSet;
use std::future::Future;

use nex_plan::CloudError;

use crate::certificate::{CertificateRequest, LiveCertificate};
use crate::change::RecordStep;
use crate::ids::{CertificateId, ZoneId};
use crate::setting::Setting;
use crate::zone::{Zone, ZoneQuery};

/// Reads Cloudflare.
pub trait ZoneReader: Send + Sync {
    /// Why a call fails.
    type Error: CloudError;
    /// Changes what this reads.
    type Writer: ZoneWriter<Error = Self::Error>;

    /// The zone with what the query asks for.
    fn zone(&self, query: &ZoneQuery) -> impl Future<Output = Result<Zone, Self::Error>> + Send;

    /// The live Origin CA certificates of the zone with this id. Those of `known` that the list lacks, as it may just
    /// after an issue, are looked up one by one.
    fn certificates(
        &self,
        zone_id: &ZoneId,
        known: &BTreeSet<CertificateId>,
    ) -> impl Future<Output = Result<Vec<LiveCertificate>, Self::Error>> + Send;

    /// A writer for the zones that this reads. A dry run never calls this.
    fn writer(&self) -> Self::Writer;
}

/// Changes Cloudflare.
pub trait ZoneWriter: Send + Sync {
    /// Why a call fails.
    type Error: CloudError;

    /// Does all of `steps` in the zone with this id, or none: deletions first, then updates, then creations.
    fn records(
        &self,
        zone_id: &ZoneId,
        steps: &[RecordStep],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Which of `steps`, sent in one call of [`ZoneWriter::records`], the error is about, as far as the error says so.
    fn blamed(error: &Self::Error, steps: &[RecordStep]) -> Vec<usize> {
        let _ = (error, steps);
        vec![]
    }

    /// Changes a setting of the zone with this id.
    fn set(
        &self,
        zone_id: &ZoneId,
        setting: Setting,
        value: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Has a certificate issued. An implementation never repeats the call by itself: each call issues a certificate.
    fn issue(
        &self,
        request: &CertificateRequest,
    ) -> impl Future<Output = Result<LiveCertificate, Self::Error>> + Send;

    /// Revokes the certificate with this id. A certificate that is gone already is not an error.
    fn revoke(&self, id: &CertificateId) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

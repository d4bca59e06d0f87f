//! The traits between the pure part and Cloudflare. Reading and writing are separate, so that a dry run never has a
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
    /// The writer for the same zones.
    type Writer: ZoneWriter<Error = Self::Error>;

    /// Reads the parts of the zone that the query names.
    fn zone(&self, query: &ZoneQuery) -> impl Future<Output = Result<Zone, Self::Error>> + Send;

    /// Reads the live Origin CA certificates of the zone with this id. Just after an issue, the list may lack a
    /// certificate, so the certificates in `known` that the list lacks are read one by one.
    fn certificates(
        &self,
        zone_id: &ZoneId,
        known: &BTreeSet<CertificateId>,
    ) -> impl Future<Output = Result<Vec<LiveCertificate>, Self::Error>> + Send;

    /// Returns a writer for the same zones. A dry run never calls this method.
    fn writer(&self) -> Self::Writer;
}

/// Changes Cloudflare.
pub trait ZoneWriter: Send + Sync {
    /// Why a call fails.
    type Error: CloudError;

    /// Executes all of `steps` in the zone with this id, or none: deletions first, then updates, then creations.
    fn records(
        &self,
        zone_id: &ZoneId,
        steps: &[RecordStep],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The steps that the error is about, of `steps` that were sent in one call of [`ZoneWriter::records`]. Empty if
    /// the error does not say.
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

    /// Requests a certificate. An implementation must not repeat the call, because each call issues a certificate.
    fn issue(
        &self,
        request: &CertificateRequest,
    ) -> impl Future<Output = Result<LiveCertificate, Self::Error>> + Send;

    /// Revokes the certificate with this id. A certificate that is gone already is not an error.
    fn revoke(&self, id: &CertificateId) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

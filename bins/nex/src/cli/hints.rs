//! What resolves an error.

use std::error::Error as StdError;

use nex_plan::CloudError;

use crate::context::CertificateStoreError;

/// The hint of the first cause that has one.
pub(crate) fn hint(error: &(dyn StdError + 'static)) -> Option<String> {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let mut hints = causes.filter_map(|cause| {
        if let Some(nex_infra::aws::Error::NoCredentials(_)) = cause.downcast_ref() {
            return Some(
                "log in by `aws sso login`, or set AWS_PROFILE; to try nex without an account, add --sandbox"
                    .to_owned(),
            );
        }
        of::<nex_infra::aws::Error>(cause)
            .or_else(|| of::<nex_dns::client::Error>(cause))
            .or_else(|| of::<nex_dns::ZoneError>(cause))
            .or_else(|| of::<CertificateStoreError>(cause))
    });
    hints.next()
}

fn of<E: CloudError>(cause: &(dyn StdError + 'static)) -> Option<String> {
    cause.downcast_ref::<E>()?.hint().map(Into::into)
}

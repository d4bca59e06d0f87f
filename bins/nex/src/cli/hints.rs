//! What resolves an error, and the exit code that it leads to.

use std::error::Error as StdError;

use nex_plan::{CloudError, ErrorKind};

use crate::context::CertificateStoreError;
use crate::exit::Exit;

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
        cloud_error(cause)?.hint().map(Into::into)
    });
    hints.next()
}

/// The exit code of a run that ended with this error.
pub(crate) fn exit(error: &(dyn StdError + 'static)) -> Exit {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    let is_unsafe = |cause| cloud_error(cause).is_some_and(|e| e.kind() == ErrorKind::Unsafe);
    if causes.any(is_unsafe) {
        Exit::Refused
    } else {
        Exit::Failed
    }
}

fn cloud_error<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a dyn CloudError> {
    fn of<'a, E: CloudError>(cause: &'a (dyn StdError + 'static)) -> Option<&'a dyn CloudError> {
        cause
            .downcast_ref::<E>()
            .map(|error| error as &dyn CloudError)
    }
    of::<nex_infra::aws::Error>(cause)
        .or_else(|| of::<nex_dns::client::Error>(cause))
        .or_else(|| of::<nex_dns::ZoneError>(cause))
        .or_else(|| of::<CertificateStoreError>(cause))
}

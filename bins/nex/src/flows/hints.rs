//! What to do about an error.

use std::error::Error as StdError;

use nex_dns::Failure as _;
use nex_infra::Failure as _;
use nex_infra::aws::Error;
use nex_plan::Class;

use crate::cloudflare::OriginError;

/// The hint for the first cause that has one.
pub(super) fn hint(error: &(dyn StdError + 'static)) -> Option<String> {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let mut hints = chain.filter_map(|cause| {
        let by_dns = cause.downcast_ref().and_then(nex_dns::Error::hint);
        let by_origin = || cause.downcast_ref().and_then(OriginError::hint);
        let by_aws = || cause.downcast_ref().and_then(aws_hint);
        by_dns.or_else(|| by_origin().or_else(by_aws).map(str::to_owned))
    });
    hints.next()
}

fn aws_hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::NoCredentials(_) => Some(
            "log in by `aws sso login` or set AWS_PROFILE; or try it on a cloud on loopback by --sandbox",
        ),
        Error::OtherAccount { .. } => Some(
            "set AWS_PROFILE to a profile of the spec's account, or mend aws.account in the spec",
        ),
        Error::Lookup { .. } => {
            Some("name it by its id in the spec, or make it: nex looks it up and never makes it")
        }
        Error::Call { .. } => of_class(error.class()),
        _ => None,
    }
}

/// The hint for a failed call of AWS.
pub(super) fn of_class(class: Class) -> Option<&'static str> {
    match class {
        Class::Denied => {
            Some("the credentials may not do this: ask for the permission that the message names")
        }
        Class::Lost => Some(
            "no answer came: see whether the network and AWS_ENDPOINT_URL are right, then run it again",
        ),
        _ => None,
    }
}

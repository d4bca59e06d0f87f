//! What to do about an error.

use nex_infra::aws::Error;

/// The hint for the first cause that has one.
pub(super) fn hint(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| match cause.downcast_ref()? {
        Error::NoCredentials(_) => Some(
            "log in by `aws sso login` or set AWS_PROFILE; or try it on a cloud on loopback by --sandbox",
        ),
        Error::OtherAccount { .. } => {
            Some("set AWS_PROFILE to a profile of the spec's account, or mend aws.account in the spec")
        }
        Error::Lookup { .. } => Some("name it by its id in the spec, or make it: nex looks it up and never makes it"),
        Error::Call { .. } => call_hint(cause.downcast_ref()?),
        _ => None,
    })
}

fn call_hint(error: &Error) -> Option<&'static str> {
    use nex_infra::{Class, Failure as _};
    match error.class() {
        Class::Denied => {
            Some("the credentials may not do this: ask for the permission that the message names")
        }
        Class::Lost => Some(
            "no answer came: see whether the network and AWS_ENDPOINT_URL are right, then run it again",
        ),
        _ => None,
    }
}

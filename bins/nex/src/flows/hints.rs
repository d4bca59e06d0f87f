//! What to do about an error.

use nex_infra::aws::Error;

/// The hint for the first cause that has one.
pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    use nex_dns::Failure as _;
    error.chain().find_map(|cause| {
        let by_dns = cause
            .downcast_ref::<nex_dns::Error>()
            .and_then(|e| e.hint());
        by_dns.or_else(|| aws_hint(cause.downcast_ref()?).map(str::to_owned))
    })
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
        Error::Call { .. } => call_hint(error),
        _ => None,
    }
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

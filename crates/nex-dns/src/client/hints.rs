//! What resolves each error that users meet.

use std::borrow::Cow;

use super::error::{ApiError, Error};

/// What resolves the error.
pub(super) fn hint(error: &Error) -> Option<Cow<'static, str>> {
    let text = match error {
        Error::BaseAddress(_) => {
            "give a whole address, such as https://api.cloudflare.com/client/v4/"
        }
        Error::ClearText(_) => "give an https address",
        Error::Token => "make a new API token at dash.cloudflare.com, My Profile, API Tokens",
        Error::Zone { found: 0, .. } => {
            "check the zone's name, and that the token's scope Zone Read covers this zone"
        }
        Error::Zone { .. } => "let the token's zone resources cover one account only",
        Error::Setup(_) => "check the machine's certificate store, or SSL_CERT_FILE",
        Error::NoAnswer { sent: false, .. } => "check the network and the base address",
        Error::NoAnswer { .. } => "run again: a fresh read tells whether the change was made",
        Error::NotJson { status: 500.., .. } => {
            "Cloudflare has a fault: see cloudflarestatus.com, then run again"
        }
        Error::NotJson { .. } | Error::Implausible { .. } => {
            "check the base address, and the proxies between this machine and Cloudflare"
        }
        Error::Form { .. } | Error::Answer { .. } => {
            "the API has changed, or a stand-in differs from it: report the error with its causes"
        }
        Error::Cancelled { .. } => return None,
        Error::Refused(refusal) => {
            // The end of a chain is more specific than its start: 9021 than 1004.
            let by_error = refusal.all().filter_map(by_error).last();
            return match by_error.or_else(|| by_status(refusal.status)) {
                Some(text) => Some(text.into()),
                None if refusal.status == 429 => Some(later(error).into()),
                None => None,
            };
        }
    };
    Some(text.into())
}

fn later(error: &Error) -> String {
    let wait = error.retry_after().map_or(300, |wait| wait.as_secs());
    format!("the limit is 1,200 calls in 5 minutes for all tokens of a user: run again in {wait} s")
}

fn by_status(status: u16) -> Option<&'static str> {
    Some(match status {
        401 => "check that the token is complete and active; make a new one if in doubt",
        403 => SCOPES,
        404 => "the resource is gone, or the token's zone resources do not include it: plan again",
        500.. => "Cloudflare has a fault: see cloudflarestatus.com, then run again",
        _ => return None,
    })
}

const SCOPES: &str = "give the token the scopes Zone Read, DNS Edit, SSL and Certificates Edit and Zone Settings Edit \
     for this zone";

/// What to do about an error. Cloudflare answers 9109 for several reasons, and only the message tells them apart.
fn by_error(error: &ApiError) -> Option<&'static str> {
    match error.code {
        9109 if error.message.contains("from location") => Some(
            "the token's Client IP Address Filtering shuts out this machine's address: add the address at \
             dash.cloudflare.com, My Profile, API Tokens",
        ),
        9109 if error.message.contains("Unauthorized") => Some(SCOPES),
        code => by_code(code),
    }
}

fn by_code(code: u32) -> Option<&'static str> {
    Some(match code {
        1004 => "change the record that Cloudflare refuses, as the message says",
        1012 => "the list of certificates needs the zone's id: report this as a defect",
        1100 => "the Origin CA has a temporary fault: run again in a minute",
        6003 | 6111 => {
            "the token has an extra character, such as a quote or a line break: copy the token again"
        }
        7003 => "an id is of the wrong form: plan again, and adopt by the ids that the plan shows",
        9003 => "this content can't be proxied: proxied = false, or another content",
        9021 => "ttl must be 1 for automatic, or 60 to 86400; a proxied record must have 1",
        9109 => "the token was deleted or has expired: make a new one",
        9300 => {
            "the zone's plan does not support tags: remove the tags from the record at Cloudflare"
        }
        10000 => SCOPES,
        81044 => "the record is gone: plan again",
        81045 => "the zone has as many records as its plan allows: delete some, or change the plan",
        81053 => {
            "an A, AAAA or CNAME record has this name already: adopt it, or choose another name"
        }
        81054 => {
            "a CNAME record has this name already and allows no others: adopt it, or choose another name"
        }
        81055 | 81056 => {
            "NS records delegate this name to other servers: choose another name, or delete the NS records"
        }
        81062 => {
            "Workers keeps a record of this name, which nobody can change: choose another name, or remove the name \
             from the custom domains in Workers & Pages"
        }
        81057 | 81058 => "the same record exists already: adopt it, or remove it from the spec",
        _ => return None,
    })
}

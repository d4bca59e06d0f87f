//! Names in Cloudflare's canonical form: fully qualified, in lower case and punycode.

use super::envelope::ApiError;

/// The canonical form of a record's name. `input` may be relative to the zone, fully qualified
/// with or without a final dot, or `@`, in any case and script.
pub(super) fn canonical(input: &str, zone: &str) -> Result<String, ApiError> {
    let input = input.trim().trim_end_matches('.');
    if input.is_empty() || input == "@" {
        return Ok(zone.to_owned());
    }
    let name = ascii(input).ok_or_else(invalid)?;
    let full = if is_within(&name, zone) {
        name
    } else {
        format!("{name}.{zone}")
    };
    if is_valid(&full) {
        Ok(full)
    } else {
        Err(invalid())
    }
}

/// The canonical form of a host name, without its final dot.
pub(super) fn hostname(input: &str) -> Option<String> {
    let name = ascii(input.trim().trim_end_matches('.'))?;
    is_valid(&name).then_some(name)
}

/// Whether `name` is the zone's name or a subdomain of it.
pub(super) fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn ascii(name: &str) -> Option<String> {
    idna::domain_to_ascii(name).ok()
}

/// Unlike a host name, a record's name may have underscores and a leading `*` label.
fn is_valid(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    (1..=253).contains(&name.len())
        && labels.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

fn invalid() -> ApiError {
    ApiError::invalid_record(9000, "DNS name is invalid.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_names() {
        for (input, expected) in [
            ("@", Some("example.com")),
            ("", Some("example.com")),
            ("Example.COM.", Some("example.com")),
            ("WWW", Some("www.example.com")),
            ("www.example.com", Some("www.example.com")),
            // The zone's name as a suffix does not make a subdomain.
            ("myexample.com", Some("myexample.com.example.com")),
            ("*", Some("*.example.com")),
            ("*.Git", Some("*.git.example.com")),
            ("_dmarc", Some("_dmarc.example.com")),
            ("forêt", Some("xn--fort-ipa.example.com")),
            ("a..b", None),
            ("a b", None),
            ("a.*", None),
            (&"x".repeat(64), None),
        ] {
            let name = canonical(input, "example.com").ok();
            assert_eq!(name.as_deref(), expected, "{input}");
            if let Some(name) = name {
                assert_eq!(canonical(&name, "example.com").as_ref(), Ok(&name));
            }
        }
    }
}

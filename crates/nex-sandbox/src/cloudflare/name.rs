//! Names in the form in which Cloudflare gives them back: full, lower-case, punycode.

use super::envelope::ApiError;

/// The full name that `input` stands for in `zone`: short, full, `@`, with a closing dot, in any
/// case and script.
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
    if is_name(&full) {
        Ok(full)
    } else {
        Err(invalid())
    }
}

/// A host name that a record points to, without its closing dot.
pub(super) fn target(input: &str) -> Option<String> {
    let name = ascii(input.trim().trim_end_matches('.'))?;
    is_name(&name).then_some(name)
}

/// Whether `name` is `zone` or below it.
pub(super) fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn ascii(name: &str) -> Option<String> {
    idna::domain_to_ascii(name).ok()
}

/// Names of services and of keys have underscores, and a `*` may stand first.
fn is_name(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    (1..=253).contains(&name.len())
        && rest.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

fn invalid() -> ApiError {
    ApiError::record(9000, "DNS name is invalid.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (input, expected) in [
            ("@", Some("example.com")),
            ("", Some("example.com")),
            ("Example.COM.", Some("example.com")),
            ("WWW", Some("www.example.com")),
            ("www.example.com", Some("www.example.com")),
            // What only ends like the zone is not within it.
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

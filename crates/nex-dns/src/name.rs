//! Names in canonical form: full, lower case, punycode, without the final dot, as Cloudflare returns them.

use nex_plan::printable;

/// Why a name is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name is empty, has a label that is empty or too long, or has characters that are not allowed.
    #[error("`{}` is not a valid name", printable(.0))]
    Malformed(String),
    /// The `*` is not the whole first label.
    #[error("`{}` has a `*` that is not its whole first label", printable(.0))]
    Wildcard(String),
    /// The name is full, because it ends in a dot, and it is not in the zone.
    #[error("`{}` is not in the zone {zone}", printable(name))]
    Outside {
        /// The name.
        name: String,
        /// The zone.
        zone: String,
    },
}

/// The canonical form of `name` in `zone` (itself canonical, see [`canonical_zone`]).
///
/// `@` is the zone itself. A name that ends in the zone or in a dot is full; any other name is short.
///
/// ```
/// use nex_dns::name::canonical;
///
/// assert_eq!(canonical("GitLab", "example.com")?, "gitlab.example.com");
/// assert_eq!(canonical("gitlab.example.com.", "example.com")?, "gitlab.example.com");
/// assert_eq!(canonical("@", "example.com")?, "example.com");
/// assert_eq!(canonical("*", "example.com")?, "*.example.com");
/// assert_eq!(canonical("bücher", "example.com")?, "xn--bcher-kva.example.com");
/// # Ok::<(), nex_dns::name::NameError>(())
/// ```
///
/// # Errors
/// [`NameError`] if the name is not valid, or is a full name of another zone.
pub fn canonical(name: &str, zone: &str) -> Result<String, NameError> {
    if name == "@" {
        return Ok(zone.to_owned());
    }
    let ascii = full(name)?;
    if is_in(&ascii, zone) {
        Ok(ascii)
    } else if name.ends_with('.') {
        let (name, zone) = (name.to_owned(), zone.to_owned());
        Err(NameError::Outside { name, zone })
    } else {
        full(&format!("{ascii}.{zone}"))
    }
}

/// The canonical form of a full name in any zone: a zone, or the target of a CNAME.
///
/// # Errors
/// [`NameError`] if the name is not valid.
pub fn full(name: &str) -> Result<String, NameError> {
    let malformed = || NameError::Malformed(name.to_owned());
    let ascii = idna::domain_to_ascii(name).map_err(|_| malformed())?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    if ascii.is_empty() || ascii.len() > 253 || !ascii.split('.').all(is_label) {
        return Err(malformed());
    }
    let rest = ascii.strip_prefix("*.").unwrap_or(ascii);
    if rest.contains('*') && ascii != "*" {
        return Err(NameError::Wildcard(name.to_owned()));
    }
    Ok(ascii.to_owned())
}

/// The canonical form of a zone's name.
///
/// # Errors
/// [`NameError`] if the name is not valid, has fewer than two labels, or has a `*`.
pub fn canonical_zone(zone: &str) -> Result<String, NameError> {
    let ascii = full(zone)?;
    if ascii.contains('*') || !ascii.contains('.') {
        return Err(NameError::Malformed(zone.to_owned()));
    }
    Ok(ascii)
}

/// Whether a canonical name is the zone or in it.
pub(crate) fn is_in(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// How many labels a canonical name has before the zone: 0 is the zone itself.
pub(crate) fn depth(name: &str, zone: &str) -> usize {
    name.split('.').count() - zone.split('.').count()
}

/// Whether a certificate for `pattern`, which may start with `*.`, covers `name`. A `*` matches one label.
pub(crate) fn covers(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix("*."), name.split_once('.')) {
        (Some(parent), Some((_, above))) => parent == above,
        _ => pattern == name,
    }
}

fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_*".contains(&b);
    (1..=63).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

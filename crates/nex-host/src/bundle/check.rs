//! What makes contents a valid bundle.

use std::collections::BTreeMap;
use std::fmt;

use nex_plan::Problems;

use super::{BUNDLE_LIMIT, Contents, json};
use crate::file::HostPath;

/// Why contents do not make a valid bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Files or secrets get in each other's way, or belong to the other role. One line each.
    #[error("the bundle's contents have problems:\n{0}")]
    Problems(Problems),
    /// The bundle exceeds [`BUNDLE_LIMIT`].
    #[error(
        "the bundle has {bytes} bytes, {} more than the limit of {BUNDLE_LIMIT}; {largest} has {largest_bytes} of them",
        bytes - BUNDLE_LIMIT
    )]
    TooLarge {
        /// The size in bytes.
        bytes: usize,
        /// What takes most of it.
        largest: Part,
        /// How many bytes that part takes.
        largest_bytes: usize,
    },
}

impl From<Problems> for BundleError {
    fn from(problems: Problems) -> Self {
        BundleError::Problems(problems)
    }
}

/// A part of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The settings.
    Settings,
    /// One file.
    File(HostPath),
    /// The list of secrets.
    Secrets,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Settings => f.write_str("the part `settings`"),
            Part::File(path) => write!(f, "the file {path}"),
            Part::Secrets => f.write_str("the part `secrets`"),
        }
    }
}

/// All problems of the contents, each with its field.
pub(super) fn problems(contents: &Contents) -> Problems {
    let mut found = Problems::new();
    places(contents, &mut found);
    let role = contents.settings.role();
    let mut targets = Vec::new();
    for (n, secret) in contents.secrets.iter().enumerate() {
        let field = format!("secrets[{n}].target");
        if let Some(wanted) = secret.target.role().filter(|wanted| *wanted != role) {
            found.add(
                &field,
                format!("a {role} does not have this target"),
                format!("this target in the bundle of a {wanted}"),
            );
        }
        // Files are compared by their paths.
        if secret.target.path().is_none() && targets.contains(&&secret.target) {
            found.add(
                field,
                "another secret has the same target",
                "one secret for each target",
            );
        }
        targets.push(&secret.target);
    }
    found
}

/// Checks that no two files have the same path, and that no file is where another one needs a folder.
fn places(contents: &Contents, found: &mut Problems) {
    let files = contents.files.iter().enumerate();
    let files = files.map(|(n, file)| (format!("files[{n}].path"), &file.path));
    let secrets = contents.secrets.iter().enumerate();
    let secrets = secrets.filter_map(|(n, secret)| {
        let path = secret.target.path()?;
        Some((format!("secrets[{n}].target.file.path"), path))
    });
    let mut taken: BTreeMap<&HostPath, String> = BTreeMap::new();
    for (field, path) in files.chain(secrets) {
        if let Some(other) = taken.get(path) {
            found.add(
                field,
                format!("`{path}` is also the path of {other}"),
                "a path for each file",
            );
        } else {
            taken.insert(path, field);
        }
    }
    for (path, field) in &taken {
        let inner = taken.keys().find(|other| path.contains(other));
        if let Some(inner) = inner {
            found.add(
                field,
                format!("`{path}` is a folder in the path `{inner}`"),
                "a path outside of other files",
            );
        }
    }
}

/// Checks the size of the document.
pub(super) fn size(bytes: &[u8], contents: &Contents) -> Result<(), BundleError> {
    if bytes.len() <= BUNDLE_LIMIT {
        return Ok(());
    }
    let files = contents.files.iter();
    let files = files.map(|file| (Part::File(file.path.clone()), json(file).len()));
    let rest = [
        (Part::Settings, json(&contents.settings).len()),
        (Part::Secrets, json(&contents.secrets).len()),
    ];
    let largest = files.chain(rest).max_by_key(|(_, bytes)| *bytes);
    let (largest, largest_bytes) = largest.unwrap_or((Part::Settings, 0));
    Err(BundleError::TooLarge {
        bytes: bytes.len(),
        largest,
        largest_bytes,
    })
}

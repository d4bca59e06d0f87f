//! What is wrong in a spec.

use std::fmt;

/// One thing that is wrong in a spec, at a field. Whoever holds the file adds line and column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The field's path from the crate's section on, such as `fleet.max` or `records[2].name`.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}; allowed: {}",
            self.path, self.message, self.allowed
        )
    }
}

/// Collects all that is wrong, so that it is said at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem at `path`.
    pub fn add(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        self.0.push(Problem {
            path: path.into(),
            message: message.into(),
            allowed: allowed.into(),
        });
    }

    /// Notes a problem unless `fine`.
    pub fn unless(
        &mut self,
        fine: bool,
        path: impl Into<String>,
        message: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        if !fine {
            self.add(path, message, allowed);
        }
    }

    /// Takes over another section's problems, their paths set under `section`.
    pub fn extend_under(&mut self, section: &str, other: Problems) {
        self.0.extend(other.0.into_iter().map(|mut problem| {
            problem.path = format!("{section}.{}", problem.path);
            problem
        }));
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

//! Problems: what is wrong in a spec.

use std::fmt;

/// One problem of a spec, at a field. The program that holds the file adds the line and the column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The field's path from the top of the crate's section, such as `fleet.max` or `records[2].name`.
    pub path: String,
    /// What is wrong with the value.
    pub message: String,
    /// What is allowed.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}; allowed: {}",
            self.path, self.message, self.expected
        )
    }
}

/// All problems of a spec, so that they are reported together. As an error, each problem is one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if n == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Problems {
    /// No problems yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem at `path`.
    pub fn add(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.0.push(Problem {
            path: path.into(),
            message: message.into(),
            expected: expected.into(),
        });
    }

    /// Adds a problem unless `fine`.
    pub fn unless(
        &mut self,
        fine: bool,
        path: impl Into<String>,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) {
        if !fine {
            self.add(path, message, expected);
        }
    }

    /// Adds the problems of a section, with their paths set below `section`.
    pub fn extend_under(&mut self, section: &str, other: Problems) {
        self.0.extend(other.0.into_iter().map(|mut problem| {
            problem.path = format!("{section}.{}", problem.path);
            problem
        }));
    }

    /// Whether no problem was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Turns the problems into a result: `Ok` without problems.
    ///
    /// # Errors
    /// The problems.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

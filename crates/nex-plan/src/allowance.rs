//! What an operator allows by name.

use std::fmt;
use std::str::FromStr;

/// The permission for one finding that stops a plan, written `CODE:SUBJECT`: it covers one danger of one subject.
///
/// ```
/// use nex_plan::Allowance;
///
/// let allowance: Allowance = "stateful-deleted:instance nex-staging-gitlab".parse()?;
/// assert_eq!(allowance.code(), "stateful-deleted");
/// assert_eq!(allowance.subject(), "instance nex-staging-gitlab");
/// assert!("instance nex-staging-gitlab".parse::<Allowance>().is_err());
/// # Ok::<(), nex_plan::AllowanceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowance {
    code: String,
    subject: String,
}

/// The text is not an [`Allowance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write CODE:SUBJECT, as the refusal does, such as 'stateful-deleted:instance nex-staging-gitlab'"
)]
pub struct AllowanceError;

impl Allowance {
    /// The permission for the finding with this code about this subject.
    pub fn new(code: impl Into<String>, subject: impl fmt::Display) -> Self {
        Self {
            code: code.into(),
            subject: subject.to_string(),
        }
    }

    /// The finding's code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The finding's subject.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl FromStr for Allowance {
    type Err = AllowanceError;

    fn from_str(text: &str) -> Result<Self, AllowanceError> {
        let (code, subject) = text.split_once(':').ok_or(AllowanceError)?;
        let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if is_code && !subject.is_empty() {
            Ok(Self::new(code, subject))
        } else {
            Err(AllowanceError)
        }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.code, self.subject)
    }
}

//! Values with a form of their own: what parses is valid, and prints as it was read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version of GitLab, such as `18.11.1`.
///
/// ```
/// use nex_gitlab::Version;
///
/// let version: Version = "18.11.1".parse()?;
/// assert_eq!(version.package(), "gitlab-ce=18.11.1-ce.0");
/// assert!("18.11".parse::<Version>().is_err());
/// # Ok::<(), nex_gitlab::InvalidVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// The first number: one a year.
    pub major: u16,
    /// The second number: one a month.
    pub minor: u16,
    /// The third number: corrections.
    pub patch: u16,
}

/// The text is no version of GitLab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GitLab version (allowed: three numbers, such as 18.11.1)")]
pub struct InvalidVersion;

impl Version {
    /// The package that apt installs.
    pub fn package(self) -> String {
        format!("gitlab-ce={self}-ce.0")
    }

    /// The oldest major version of PostgreSQL that this GitLab runs on; `None` when nobody has said yet.
    pub fn minimum_postgresql(self) -> Option<u32> {
        match self.major {
            17 => Some(14),
            18 => Some(16),
            19 => Some(17),
            _ => None,
        }
    }
}

impl Default for Version {
    /// The last of the 18 series: the stop that every upgrade to 19 comes from.
    fn default() -> Self {
        Self {
            major: 18,
            minor: 11,
            patch: 1,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let mut numbers = text.split('.').map(|part| digits(part, 3));
        match [(); 4].map(|()| numbers.next().flatten()) {
            [Some(major), Some(minor), Some(patch), None] if text.matches('.').count() == 2 => {
                Ok(Self {
                    major,
                    minor,
                    patch,
                })
            }
            _ => Err(InvalidVersion),
        }
    }
}

/// A time of the day in UTC, such as `02:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: u16,
    minute: u16,
}

/// The text is no time of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the day (allowed: HH:MM from 00:00 to 23:59, in UTC)")]
pub struct InvalidTime;

impl Default for TimeOfDay {
    fn default() -> Self {
        Self { hour: 2, minute: 0 }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let (hour, minute) = text.split_once(':').ok_or(InvalidTime)?;
        match (two_digits(hour), two_digits(minute)) {
            (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(Self { hour, minute }),
            _ => Err(InvalidTime),
        }
    }
}

/// How the connection to PostgreSQL is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Encrypted, without a check of whom one talks to.
    Require,
    /// The server's certificate is checked.
    VerifyCa,
    /// The server's certificate and its host name are checked.
    VerifyFull,
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        })
    }
}

/// A number of at most `most` digits, without the sign that `parse` would take and without a leading zero.
fn digits(text: &str, most: usize) -> Option<u16> {
    let plain = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    (plain && !leading_zero).then(|| text.parse().ok())?
}

fn two_digits(text: &str) -> Option<u16> {
    let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

macro_rules! through_text {
    ($type:ty, $error:ty) => {
        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.to_string()
            }
        }
    };
}
through_text!(Version, InvalidVersion);
through_text!(TimeOfDay, InvalidTime);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_parses_prints_as_it_was_read(text in "[0-9.:+]{0,8}|[0-9]{2}:[0-9]{2}|[0-9]{1,3}[.][0-9]{1,2}[.][0-9]{1,2}") {
            if let Ok(version) = text.parse::<Version>() {
                prop_assert_eq!(version.to_string(), text.clone());
            }
            if let Ok(time) = text.parse::<TimeOfDay>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }
    }

    #[test]
    fn what_has_another_form_is_refused() {
        for text in [
            "",
            "18",
            "18.11",
            "18.11.1.2",
            "18.11.",
            "18.+1.1",
            "18.11.1-ce.0",
            "18.11.x",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
        for text in ["", "2:00", "24:00", "02:60", "02:00:00", "+2:00", "02:00\n"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text: &str| text.parse::<Version>().expect("a version");
        assert!(version("18.2.0") < version("18.11.0"));
    }
}

//! Values with their own syntax. Parsing validates them, and they print exactly as they were written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::Time;
use time::format_description::StaticFormatDescription;
use time::macros::{format_description, time};

/// A version of GitLab, such as `18.11.1`: three numbers of at most three digits, without a pre-release.
///
/// ```
/// use nex_gitlab::Version;
///
/// let version: Version = "18.11.1".parse()?;
/// assert_eq!(version.package(), "gitlab-ce=18.11.1-ce.0");
/// assert!("18.11".parse::<Version>().is_err());
/// # Ok::<(), nex_gitlab::InvalidVersion>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

/// The text is not a GitLab version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid GitLab version (allowed: three numbers, such as 18.11.1)")]
pub struct InvalidVersion;

impl Version {
    /// The largest number that the spec's schema accepts: three digits.
    const MAX_NUMBER: u64 = 999;

    pub(super) const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self(semver::Version::new(major, minor, patch))
    }

    /// The first number. GitLab raises it once a year.
    pub fn major(&self) -> u64 {
        self.0.major
    }

    /// The second number. GitLab raises it once a month.
    pub fn minor(&self) -> u64 {
        self.0.minor
    }

    /// The apt package, with its version, that installs this GitLab.
    pub fn package(&self) -> String {
        format!("gitlab-ce={self}-ce.0")
    }

    /// The oldest major version of PostgreSQL that this GitLab supports; `None` for a GitLab that this crate does not
    /// know. Source: <https://docs.gitlab.com/install/requirements/#postgresql>.
    pub fn minimum_postgresql(&self) -> Option<u32> {
        match self.major() {
            17 => Some(14),
            18 => Some(16),
            19 => Some(17),
            _ => None,
        }
    }
}

impl Default for Version {
    /// A release of 18.11, the version that every upgrade to GitLab 19 must pass through.
    fn default() -> Self {
        Self::new(18, 11, 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let version = semver::Version::parse(text).map_err(|_| InvalidVersion)?;
        let release = version.pre.is_empty() && version.build.is_empty();
        let short = [version.major, version.minor, version.patch]
            .into_iter()
            .all(|number| number <= Self::MAX_NUMBER);
        if release && short {
            Ok(Self(version))
        } else {
            Err(InvalidVersion)
        }
    }
}

/// A time of day in UTC, to the minute, such as `02:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(Time);

/// The text is not a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid time of day (allowed: HH:MM from 00:00 to 23:59, in UTC)")]
pub struct InvalidTime;

impl TimeOfDay {
    const FORMAT: StaticFormatDescription = format_description!("[hour]:[minute]");
}

impl Default for TimeOfDay {
    fn default() -> Self {
        Self(time!(02:00))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        Time::parse(text, Self::FORMAT)
            .map(Self)
            .map_err(|_| InvalidTime)
    }
}

/// How GitLab secures its connection to PostgreSQL.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SslMode {
    /// Encrypts, but does not check the server's identity.
    Require,
    /// Checks the server's certificate.
    VerifyCa,
    /// Checks the server's certificate and its host name.
    VerifyFull,
}

/// The conversions that serde needs to read and write a type as text.
macro_rules! convert_through_text {
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
convert_through_text!(Version, InvalidVersion);
convert_through_text!(TimeOfDay, InvalidTime);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn valid_text_prints_as_it_was_written(text in "[0-9.:+]{0,8}|[0-9]{2}:[0-9]{2}|[0-9]{1,3}[.][0-9]{1,2}[.][0-9]{1,2}") {
            if let Ok(version) = text.parse::<Version>() {
                prop_assert_eq!(version.to_string(), text.clone());
            }
            if let Ok(time) = text.parse::<TimeOfDay>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }
    }

    #[test]
    fn text_in_another_form_is_refused() {
        for text in [
            "",
            "18",
            "18.11",
            "18.11.1.2",
            "18.11.",
            "18.+1.1",
            "18.11.1-ce.0",
            "18.11.1+ce",
            "18.011.1",
            "18.1000.1",
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

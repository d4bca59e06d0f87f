//! Files of a bundle: where they go on a host, and who may read them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, as_text, texts};

/// A rendered file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where the file is on the host.
    pub path: HostPath,
    /// The file's permissions.
    pub mode: Mode,
    /// The file's user and group.
    pub owner: Owner,
    /// The whole content.
    pub content: String,
}

texts! {
    /// The path of a file on a host: absolute and normalised, so that one file has one path.
    HostPath: is_host_path, "a file's path", "an absolute path without empty parts, `.`, `..` or control characters; \
        at most 255 bytes a part and 4095 in all";
    /// The user and the group of a file, such as `root:git`.
    Owner: is_owner, "a file's owner", "USER:GROUP, both as useradd accepts them";
}

impl HostPath {
    /// Whether `other` is inside the folder that this path would be.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        let rest = other.as_str().strip_prefix(self.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    }
}

impl Owner {
    /// The user and the group root.
    pub fn root() -> Self {
        "root:root".parse().expect("an owner")
    }
}

fn is_host_path(text: &str) -> bool {
    let Some(relative) = text.strip_prefix('/') else {
        return false;
    };
    let is_part = |part: &str| (1..=255).contains(&part.len()) && part != "." && part != "..";
    text.len() <= 4095 && !text.chars().any(char::is_control) && relative.split('/').all(is_part)
}

fn is_owner(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(user, group)| is_account_name(user) && is_account_name(group))
}

/// Source: `NAME_REGEX` in adduser.conf(5), and the 32 characters of useradd(8).
fn is_account_name(text: &str) -> bool {
    let is_allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
    };
    (1..=32).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && text.bytes().all(is_allowed)
}

/// The permissions of a file, as four octal digits. A file of a bundle is never writable by everyone, and has no
/// setuid, setgid or sticky bit.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(u16);

impl Mode {
    /// 0600: for root only.
    pub const PRIVATE: Self = Self(0o600);
    /// 0644: everyone may read it.
    pub const READABLE: Self = Self(0o644);
    /// 0755: everyone may run it.
    pub const PROGRAM: Self = Self(0o755);

    /// The permission bits, for `chmod`.
    pub fn bits(self) -> u32 {
        self.0.into()
    }
}

impl TryFrom<u16> for Mode {
    type Error = InvalidText;

    fn try_from(bits: u16) -> Result<Self, InvalidText> {
        if bits & !0o775 == 0 {
            Ok(Self(bits))
        } else {
            Err(INVALID_MODE)
        }
    }
}

const INVALID_MODE: InvalidText = InvalidText {
    what: "a file's mode",
    allowed: "four octal digits from 0000 to 0775, without write permission for others",
};

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode({self})")
    }
}

impl FromStr for Mode {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let is_octal = text.len() == 4 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let bits = u16::from_str_radix(text, 8).ok().filter(|_| is_octal);
        bits.ok_or(INVALID_MODE)?.try_into()
    }
}

as_text!(Mode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        for text in ["0600", "0644", "0755", "0775", "0000"] {
            assert_eq!(text.parse::<Mode>().map(String::from).as_deref(), Ok(text));
        }
        assert_eq!(Mode::READABLE.bits(), 0o644);
        for text in ["644", "0o644", "0648", "0666", "4755", "+644", ""] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
        assert_eq!(Mode::try_from(0o644), Ok(Mode::READABLE));
        assert!(Mode::try_from(0o1644).is_err());
    }

    #[test]
    fn a_path_is_absolute_and_normalised() {
        assert!("/etc/nex/..config.toml".parse::<HostPath>().is_ok());
        for text in [
            "",
            "/",
            "etc/nex",
            "/etc//nex",
            "/etc/nex/",
            "/etc/./nex",
            "/etc/../nex",
            "/etc/\n",
        ] {
            assert!(text.parse::<HostPath>().is_err(), "{text:?}");
        }
        assert!(format!("/{}", "x".repeat(256)).parse::<HostPath>().is_err());
        assert!("/x".repeat(2048).parse::<HostPath>().is_err());
    }

    #[test]
    fn an_owner_is_a_user_and_a_group() {
        for text in ["root:root", "root:git", "gitlab-www:_x9"] {
            assert!(text.parse::<Owner>().is_ok(), "{text}");
        }
        for text in [
            "root",
            "root:",
            ":root",
            "0:0",
            "a:b:c",
            "-x:y",
            "Root:root",
        ] {
            assert!(text.parse::<Owner>().is_err(), "{text}");
        }
    }
}

//! Names and addresses as types: each holds only text that its reader accepts.

/// The text is not a value of its type. The error does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {what} (allowed: {allowed})")]
pub struct InvalidText {
    /// What the text should be.
    pub what: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

/// Defines types that hold a text which `$is_valid` accepts. In JSON each is the plain text.
macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident: $is_valid:expr, $what:literal, $allowed:literal;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::text::InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(&text) {
                    Ok(Self(text))
                } else {
                    Err($crate::text::InvalidText { what: $what, allowed: $allowed })
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
pub(crate) use texts;

/// Lets serde write and read a type as the text of its `Display` and `FromStr`.
macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = $crate::text::InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    };
}
pub(crate) use as_text;

texts! {
    /// An AWS Region, such as `eu-west-3`. It becomes a part of host names.
    Region: is_region, "a Region", "lower-case letters, digits and hyphens, such as eu-west-3";
    /// The 12 digits of an AWS account.
    Account: |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()), "an account", "12 digits";
    /// The name of an S3 bucket.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
    BucketName: is_bucket_name, "a bucket's name",
        "3 to 63 lower-case letters, digits, hyphens and dots, with a letter or a digit at both ends";
    /// The key of an S3 object.
    ObjectKey: |text| is_printable(text, 1024), "an object's key", "1 to 1024 bytes without control characters";
    /// The name or the ARN of a secret in AWS Secrets Manager.
    SecretName: |text| is_printable(text, 2048), "a secret's name", "1 to 2048 bytes without control characters";
    /// The address of something that hosts download. `http` is allowed, because what is downloaded is checked by other
    /// means, such as a key's fingerprint.
    WebUrl: is_web_url, "a URL", "https://HOST/... or http://HOST/... without spaces, at most 2048 bytes";
    /// The fingerprint of an OpenPGP key of version 4.
    Fingerprint: is_fingerprint, "a key's fingerprint", "40 hexadecimal digits in upper case, without spaces";
}

fn is_region(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_bucket_name(text: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [text.bytes().next(), text.bytes().next_back()];
    (3..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| is_alphanumeric(byte) || byte == b'-' || byte == b'.')
        && ends.into_iter().flatten().all(is_alphanumeric)
}

fn is_printable(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn is_web_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    is_printable(text, 2048)
        && !text.contains(char::is_whitespace)
        && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

fn is_fingerprint(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    text.len() == 40 && text.bytes().all(is_digit)
}

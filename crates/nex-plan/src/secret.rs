//! References to secrets: a spec never holds a secret itself.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Says where the value of a secret is stored.
///
/// ```
/// use nex_plan::SecretRef;
///
/// let reference: SecretRef = "doppler:paywithnex/stg/GITLAB_ADMIN_PAT".parse()?;
/// assert_eq!(reference.to_string(), "doppler:paywithnex/stg/GITLAB_ADMIN_PAT");
/// assert!("hunter2".parse::<SecretRef>().is_err());
/// # Ok::<(), nex_plan::SecretRefError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// `env:NAME`: an environment variable of the operator's shell.
    Env(String),
    /// `file:PATH`: a file's content without its last line end.
    File(PathBuf),
    /// `doppler:PROJECT/CONFIG/NAME`: a secret in Doppler.
    Doppler {
        /// The project.
        project: String,
        /// The config, such as `stg`.
        config: String,
        /// The secret's name.
        name: String,
    },
    /// `aws-secretsmanager:NAME`: a secret in AWS Secrets Manager, in the environment's account and Region.
    SecretsManager(String),
}

/// The text is not a reference to a secret. The error does not repeat the text: it may be the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a reference to a secret (allowed: env:NAME, file:PATH, doppler:PROJECT/CONFIG/NAME, aws-secretsmanager:NAME)"
)]
pub struct SecretRefError;

impl SecretRef {
    /// A regular expression that every reference matches, for schemas.
    pub const PATTERN: &'static str =
        r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|doppler:[^/]+/[^/]+/[^/]+|aws-secretsmanager:.+)$";
}

impl FromStr for SecretRef {
    type Err = SecretRefError;

    fn from_str(text: &str) -> Result<Self, SecretRefError> {
        let (scheme, rest) = text.split_once(':').ok_or(SecretRefError)?;
        if rest.is_empty() {
            return Err(SecretRefError);
        }
        match scheme {
            "env" if is_variable_name(rest) => Ok(SecretRef::Env(rest.to_owned())),
            "file" => Ok(SecretRef::File(rest.into())),
            "aws-secretsmanager" => Ok(SecretRef::SecretsManager(rest.to_owned())),
            "doppler" => match rest.split('/').collect::<Vec<_>>()[..] {
                [project, config, name]
                    if !project.is_empty() && !config.is_empty() && !name.is_empty() =>
                {
                    Ok(SecretRef::Doppler {
                        project: project.to_owned(),
                        config: config.to_owned(),
                        name: name.to_owned(),
                    })
                }
                _ => Err(SecretRefError),
            },
            _ => Err(SecretRefError),
        }
    }
}

fn is_variable_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl TryFrom<String> for SecretRef {
    type Error = SecretRefError;

    fn try_from(text: String) -> Result<Self, SecretRefError> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> String {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(f, "env:{name}"),
            SecretRef::File(path) => write!(f, "file:{}", path.display()),
            SecretRef::Doppler {
                project,
                config,
                name,
            } => write!(f, "doppler:{project}/{config}/{name}"),
            SecretRef::SecretsManager(name) => write!(f, "aws-secretsmanager:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_parses_comes_out_as_it_went_in(text in "(env|file|doppler|aws-secretsmanager|x):[a-z/:_0-9]{0,12}") {
            if let Ok(reference) = text.parse::<SecretRef>() {
                prop_assert_eq!(reference.to_string(), text);
            }
        }

        #[test]
        fn an_error_never_repeats_what_may_be_the_secret(text in "[A-Za-z0-9]{8,20}") {
            let error = text.parse::<SecretRef>().expect_err("no scheme");
            prop_assert!(!error.to_string().contains(&text));
        }
    }
}

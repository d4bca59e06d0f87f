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
    pub const PATTERN: &'static str = concat!(
        r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+",
        r"|doppler:[A-Za-z0-9_][A-Za-z0-9_-]*(/[A-Za-z0-9_][A-Za-z0-9_-]*){2}",
        r"|aws-secretsmanager:[A-Za-z0-9/_+=.@:][A-Za-z0-9/_+=.@:-]*)$",
    );
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
            "aws-secretsmanager" if is_argument(rest, SECRETS_MANAGER_SIGNS) => {
                Ok(SecretRef::SecretsManager(rest.to_owned()))
            }
            "doppler" => match rest.split('/').collect::<Vec<_>>()[..] {
                [project, config, name]
                    if [project, config, name]
                        .iter()
                        .all(|part| is_argument(part, DOPPLER_SIGNS)) =>
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

/// The characters beside letters and digits in the names of Doppler's projects, configs and secrets.
const DOPPLER_SIGNS: &str = "_-";

/// The characters beside letters and digits in the name or the ARN of a secret (API reference of CreateSecret).
const SECRETS_MANAGER_SIGNS: &str = "/_+=.@:-";

/// Whether a program takes `text` as a value: one that starts with a dash would be an option.
fn is_argument(text: &str, signs: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(fits)
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
        fn what_the_pattern_allows_is_a_reference(text in SecretRef::PATTERN.trim_matches(['^', '$'])) {
            prop_assert!(text.parse::<SecretRef>().is_ok(), "{}", text);
        }

        #[test]
        fn an_error_never_repeats_what_may_be_the_secret(text in "[A-Za-z0-9]{8,20}") {
            let error = text.parse::<SecretRef>().expect_err("no scheme");
            prop_assert!(!error.to_string().contains(&text));
        }
    }

    #[test]
    fn no_part_of_a_reference_can_be_an_option_of_a_program() {
        for text in [
            "doppler:--help/stg/NAME",
            "doppler:project/-c/NAME",
            "doppler:project/stg/--api-host=x",
            "doppler:project/stg/NAME\n",
            "doppler:project/st g/NAME",
            "aws-secretsmanager:--endpoint-url=x",
            "aws-secretsmanager:a name",
        ] {
            assert_eq!(text.parse::<SecretRef>(), Err(SecretRefError), "{text}");
        }
        for text in [
            "doppler:pay-with-nex/stg_eu/BREVO_SMTP_PASSWORD",
            "aws-secretsmanager:nex/staging/mail-password",
            "aws-secretsmanager:arn:aws:secretsmanager:eu-west-3:123456789012:secret:a-AbCdEf",
        ] {
            assert!(text.parse::<SecretRef>().is_ok(), "{text}");
        }
    }
}

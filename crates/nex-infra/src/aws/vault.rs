//! Values of secrets in Secrets Manager, each written only over the one that was read.

use std::sync::Arc;

use nex_plan::Class;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::found;
use super::{Aws, Error};
use crate::io::Failure as _;

/// The staging label of the version that everybody reads.
const CURRENT: &str = "AWSCURRENT";

/// The staging label of a version that is stored and not yet the current one.
const STORED: &str = "NEXSTORED";

/// A secret's current value.
#[derive(Clone, Debug)]
pub struct SecretValue {
    /// The id of its version.
    pub version: String,
    /// The value.
    pub text: SecretString,
}

/// Reads the values of secrets.
#[derive(Clone, Debug)]
pub struct Vault {
    aws: Arc<Aws>,
}

/// Writes the values of secrets that are there; it never makes a secret. A dry run has none.
#[derive(Clone, Debug)]
pub struct VaultWriter {
    aws: Arc<Aws>,
}

impl Vault {
    /// The secrets of the account and Region of `aws`.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self { aws }
    }

    /// The secret's current value; `None` if it is not there, has none, or is scheduled for deletion.
    ///
    /// # Errors
    /// [`Error::Call`], and [`Error::Answer`] for a value that is not text.
    pub async fn read(&self, name: &str) -> Result<Option<SecretValue>, Error> {
        const CALL: &str = "GetSecretValue";
        let request = self.aws.secrets.get_secret_value().secret_id(name);
        let answer = request.send().await.map_err(Error::call(CALL, name));
        let answer = match answer {
            Err(error) if error.says("marked") => return Ok(None),
            other => found(other)?,
        };
        let Some(answer) = answer else {
            return Ok(None);
        };
        let lacks = |lacks| Error::Answer {
            operation: CALL,
            about: name.to_owned(),
            lacks,
        };
        Ok(Some(SecretValue {
            version: answer.version_id.ok_or_else(|| lacks("a version"))?,
            text: answer.secret_string.ok_or_else(|| lacks("a text"))?.into(),
        }))
    }

    /// What writes where this reads.
    pub fn writer(&self) -> VaultWriter {
        VaultWriter {
            aws: Arc::clone(&self.aws),
        }
    }
}

impl VaultWriter {
    /// Makes `text` the secret's current value if the version `over` still is; `None` is no value yet. Gives the new
    /// version's id, or `None` when someone else wrote in between: then nothing has changed.
    ///
    /// # Errors
    /// [`Error::Missing`] without such a secret, [`Error::Call`].
    pub async fn store(
        &self,
        name: &str,
        text: &SecretString,
        over: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let request = self.aws.secrets.put_secret_value().secret_id(name);
        let answer = request
            .secret_string(text.expose_secret())
            .version_stages(STORED)
            .send()
            .await
            .map_err(Error::call("PutSecretValue", name));
        let answer = match answer {
            Err(error) if error.is_not_found() => {
                return Err(Error::Missing {
                    about: format!("the value of {name}"),
                    missing: "the secret itself, which bootstrap makes".to_owned(),
                });
            }
            other => other?,
        };
        let Some(version) = answer.version_id else {
            return Err(Error::Answer {
                operation: "PutSecretValue",
                about: name.to_owned(),
                lacks: "a version",
            });
        };
        // A secret's first version becomes the current one by itself.
        let is_first = answer
            .version_stages
            .unwrap_or_default()
            .iter()
            .any(|s| s == CURRENT);
        if is_first || self.promote(name, &version, over).await? {
            return Ok(Some(version));
        }
        Ok(None)
    }

    /// Moves the label; `false` if it is no more where it is to be taken from.
    async fn promote(&self, name: &str, version: &str, over: Option<&str>) -> Result<bool, Error> {
        let request = self.aws.secrets.update_secret_version_stage();
        let answer = request
            .secret_id(name)
            .version_stage(CURRENT)
            .move_to_version_id(version)
            .set_remove_from_version_id(over.map(str::to_owned))
            .send()
            .await
            .map_err(Error::call("UpdateSecretVersionStage", name));
        match answer {
            Ok(_) => Ok(true),
            // Refused, because the label is elsewhere: it may be where it was to go, by a try whose answer was lost.
            Err(error) if matches!(error.class(), Class::Other | Class::Lost) => {
                match self.current(name).await? {
                    Some(current) if current == version => Ok(true),
                    current if current.as_deref() == over => Err(error),
                    _ => Ok(false),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn current(&self, name: &str) -> Result<Option<String>, Error> {
        let request = self.aws.secrets.describe_secret().secret_id(name);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("DescribeSecret", name))?;
        let versions = answer.version_ids_to_stages.unwrap_or_default();
        let mut current = versions
            .into_iter()
            .filter(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
        Ok(current.next().map(|(version, _)| version))
    }
}

//! Values of secrets in Secrets Manager. A write replaces only the value that was read before.

use std::sync::Arc;

use nex_plan::{CloudError as _, ErrorKind};
use secrecy::{ExposeSecret as _, SecretString};

use super::codes::Condition;
use super::error::if_found;
use super::{Aws, Error};

/// The staging label of the version that a read returns by default.
pub(super) const CURRENT: &str = "AWSCURRENT";

/// The staging label of a version that is stored but not yet current.
const STORED: &str = "NEXSTORED";

/// The current value of a secret.
#[derive(Clone, Debug)]
pub struct CurrentSecret {
    /// The id of the value's version.
    pub version: String,
    /// The value.
    pub text: SecretString,
}

/// Reads the values of secrets.
#[derive(Clone, Debug)]
pub struct SecretStore {
    aws: Arc<Aws>,
}

/// Writes the values of existing secrets; never creates a secret. A dry run has no writer.
#[derive(Clone, Debug)]
pub struct SecretStoreWriter {
    aws: Arc<Aws>,
}

impl SecretStore {
    /// The secrets of the account and Region of `aws`.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self { aws }
    }

    /// The secret's current value; `None` if the secret does not exist, has no value, or is scheduled for deletion.
    ///
    /// # Errors
    /// [`Error::Call`], and [`Error::Answer`] for a value that is not text.
    pub async fn read(&self, name: &str) -> Result<Option<CurrentSecret>, Error> {
        const CALL: &str = "GetSecretValue";
        let request = self.aws.secrets.get_secret_value().secret_id(name);
        let answer = request.send().await.map_err(Error::call(CALL, name));
        let answer = match answer {
            Err(error) if error.is(Condition::SecretIsDeleted) => return Ok(None),
            other => if_found(other)?,
        };
        let Some(answer) = answer else {
            return Ok(None);
        };
        let lacks = Error::lacks(CALL, name);
        Ok(Some(CurrentSecret {
            version: answer.version_id.ok_or_else(|| lacks("a version"))?,
            text: answer
                .secret_string
                .ok_or_else(|| lacks("a text value"))?
                .into(),
        }))
    }

    /// A writer of the same secrets.
    pub fn writer(&self) -> SecretStoreWriter {
        SecretStoreWriter {
            aws: Arc::clone(&self.aws),
        }
    }
}

impl SecretStoreWriter {
    /// Makes `text` the secret's current value if `over` is still the current version; `over` is `None` for a secret
    /// without a value. Returns the new version's id, or `None` if another writer came first and nothing has changed.
    ///
    /// # Errors
    /// [`Error::Missing`] if the secret does not exist, [`Error::Call`], [`Error::Answer`].
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
                    missing: "the secret itself".to_owned(),
                });
            }
            other => other?,
        };
        let lacks = Error::lacks("PutSecretValue", name);
        let version = answer.version_id.ok_or_else(|| lacks("a version"))?;
        // Secrets Manager makes a secret's first version the current one.
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

    /// Moves the label from the version `over` to `version`; `false` if another version has the label.
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
            // Another version has the label: perhaps the new one, if an earlier try moved it and its answer was lost.
            Err(error) if matches!(error.kind(), ErrorKind::Other | ErrorKind::Indeterminate) => {
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

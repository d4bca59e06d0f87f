//! Values of secrets in Secrets Manager. A write replaces only the value that was read before.

use std::collections::{BTreeSet, HashMap};
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

/// The versions of a secret, as far as they are known without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretVersions {
    /// The id of the current version.
    pub current: String,
    /// The staging labels of all versions, without those that [`SecretStoreWriter::store`] and AWS use themselves.
    pub labels: BTreeSet<String>,
}

/// What is stored beside a secret's new value. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The id of the version: 32 to 64 characters, other than that of any version with another value
    /// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>, `ClientRequestToken`).
    pub id: String,
    /// The staging labels that the secret has from now on: at most [`NewVersion::MAX_LABELS`], of 1 to 256 characters.
    pub labels: BTreeSet<String>,
}

impl NewVersion {
    /// A secret has at most 20 labels (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
    /// AWS uses AWSCURRENT and AWSPREVIOUS, [`SecretStoreWriter::store`] uses one, and one may be left of an earlier
    /// store that did not end.
    pub const MAX_LABELS: usize = 16;
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

    /// The secret's versions; `None` if the secret does not exist, has no value, or is scheduled for deletion.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub async fn versions(&self, name: &str) -> Result<Option<SecretVersions>, Error> {
        let Some(stages) = if_found(stages(&self.aws, name).await)? else {
            return Ok(None);
        };
        let labels = stages.values().flatten();
        let labels = labels.filter(|label| is_free(label)).cloned().collect();
        let current = current(stages);
        Ok(current.map(|current| SecretVersions { current, labels }))
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
    /// without a value. Returns the new version's id, or `None` if another writer came first and the value stays.
    ///
    /// The labels get to the new version before that is the current one: a label in `version.labels` is never missing,
    /// and one that is not in them may be there until the next store.
    ///
    /// # Errors
    /// [`Error::Missing`] if the secret does not exist, [`Error::Call`], [`Error::Answer`].
    pub async fn store(
        &self,
        name: &str,
        text: &SecretString,
        version: NewVersion,
        over: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let NewVersion { id, labels } = version;
        self.remove_labels_except(name, &labels).await?;
        let request = self.aws.secrets.put_secret_value().secret_id(name);
        let all = labels.into_iter().chain([STORED.to_owned()]);
        let answer = request
            .secret_string(text.expose_secret())
            .client_request_token(id)
            .set_version_stages(Some(all.collect()))
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
        stages(&self.aws, name).await.map(current)
    }

    /// Makes room for new labels: no version needs the others any more.
    async fn remove_labels_except(
        &self,
        name: &str,
        labels: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let stages = if_found(stages(&self.aws, name).await)?.unwrap_or_default();
        for (version, held) in stages {
            for label in held {
                if is_free(&label) && !labels.contains(&label) {
                    let request = self.aws.secrets.update_secret_version_stage();
                    let request = request.secret_id(name).version_stage(label);
                    let removed = request.remove_from_version_id(&version).send().await;
                    removed.map_err(Error::call("UpdateSecretVersionStage", name))?;
                }
            }
        }
        Ok(())
    }
}

/// The staging labels of each version; none for a secret that is scheduled for deletion.
async fn stages(aws: &Aws, name: &str) -> Result<HashMap<String, Vec<String>>, Error> {
    let request = aws.secrets.describe_secret().secret_id(name);
    let answer = request.send().await;
    let answer = answer.map_err(Error::call("DescribeSecret", name))?;
    let is_deleted = answer.deleted_date.is_some();
    let stages = answer.version_ids_to_stages.filter(|_| !is_deleted);
    Ok(stages.unwrap_or_default())
}

fn current(stages: HashMap<String, Vec<String>>) -> Option<String> {
    let mut current = stages
        .into_iter()
        .filter(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
    current.next().map(|(version, _)| version)
}

/// Whether a label is neither AWS's nor the one of a version that is not yet current.
fn is_free(label: &str) -> bool {
    !label.starts_with("AWS") && label != STORED
}

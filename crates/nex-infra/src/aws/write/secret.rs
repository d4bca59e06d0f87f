//! Secrets.

use nex_plan::CancelToken;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Writer, sdk_tags, tag_changes};
use crate::aws::Error;
use crate::aws::codes::Condition;
use crate::aws::error::if_found;
use crate::aws::retry::Wait;
use crate::model::{DeletedValue, DesiredSecret, Secret, SecretSource, SecretValue};
use crate::names::Tags;

/// Random bytes of a generated secret; written in hex, so that no reader has to quote them.
const SECRET_BYTES: usize = 24;

impl Writer {
    pub(super) async fn create_secret(
        &self,
        new: &DesiredSecret,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        if new.deleted == Some(DeletedValue::Lost) {
            self.delete_for_ever(&new.name).await?;
            // The name is free only after a moment.
            let wait = Wait::for_release(&new.name, cancel);
            let is_taken = |error: &Error| error.is(Condition::SecretIsDeleted);
            return wait.until_settled(|| self.new_secret(new), is_taken).await;
        }
        match self.new_secret(new).await {
            // A deleted secret keeps its name during the recovery window, so a new build restores the secret.
            Err(error) if error.is(Condition::SecretIsDeleted) => self.restore(new).await,
            other => other,
        }
    }

    async fn new_secret(&self, new: &DesiredSecret) -> Result<String, Error> {
        const CALL: &str = "CreateSecret";
        let value = self.secret_value(new)?;
        let request = self.aws.secrets.create_secret();
        let answer = request
            .name(&new.name)
            .description(&new.description)
            .set_secret_string(value.map(|v| v.expose_secret().to_owned()))
            .set_tags(Some(sdk_tags!(aws_sdk_secretsmanager, new.tags)))
            .send()
            .await
            .map_err(Error::call(CALL, &new.name))?;
        Ok(answer.arn.unwrap_or_else(|| new.name.clone()))
    }

    /// Restores a deleted secret. A value that the caller supplies replaces the old one.
    async fn restore(&self, new: &DesiredSecret) -> Result<String, Error> {
        let name = &new.name;
        let request = self.aws.secrets.restore_secret().secret_id(name);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("RestoreSecret", name))?;
        let arn = answer.arn.unwrap_or_else(|| name.to_owned());
        if new.source == SecretSource::Supplied {
            self.put_value(&arn, new).await?;
        }
        Ok(arn)
    }

    async fn put_value(&self, id: &str, new: &DesiredSecret) -> Result<(), Error> {
        if let Some(value) = self.secret_value(new)? {
            let request = self.aws.secrets.put_secret_value().secret_id(id);
            let answer = request.secret_string(value.expose_secret()).send().await;
            answer.map_err(Error::call("PutSecretValue", &new.name))?;
        }
        Ok(())
    }

    /// Ends the recovery window of a deleted secret. A secret that is gone already is fine.
    async fn delete_for_ever(&self, name: &str) -> Result<(), Error> {
        let request = self.aws.secrets.delete_secret().secret_id(name);
        let answer = request.force_delete_without_recovery(true).send().await;
        let answer = answer.map(drop).map_err(Error::call("DeleteSecret", name));
        if_found(answer).map(drop)
    }

    fn secret_value(&self, secret: &DesiredSecret) -> Result<Option<SecretString>, Error> {
        match secret.source {
            SecretSource::Random => random_secret(&secret.name).map(Some),
            SecretSource::Supplied => match self.supplied.get(&secret.name) {
                Some(value) => Ok(Some(value.clone())),
                None => Err(Error::Missing {
                    about: secret.name.clone(),
                    missing: "the value that the spec refers to".into(),
                }),
            },
            SecretSource::External => Ok(None),
        }
    }

    pub(super) async fn update_secret(
        &self,
        id: &str,
        old: &Secret,
        new: &DesiredSecret,
    ) -> Result<(), Error> {
        let secrets = &self.aws.secrets;
        if old.description != new.description {
            let request = secrets.update_secret().secret_id(id);
            let answer = request.description(&new.description).send().await;
            answer.map_err(Error::call("UpdateSecret", &new.name))?;
        }
        if old.value == SecretValue::Absent {
            self.put_value(id, new).await?;
        }
        self.remove_replicas(id, old).await?;
        self.tag_secret(id, &new.name, &old.tags, &new.tags).await
    }

    async fn remove_replicas(&self, id: &str, old: &Secret) -> Result<(), Error> {
        if old.replicas.is_empty() {
            return Ok(());
        }
        let request = self.aws.secrets.remove_regions_from_replication();
        let request =
            request.set_remove_replica_regions(Some(old.replicas.iter().cloned().collect()));
        let answer = request.secret_id(id).send().await;
        answer
            .map(drop)
            .map_err(Error::call("RemoveRegionsFromReplication", &old.name))
    }

    pub(super) async fn tag_secret(
        &self,
        id: &str,
        name: &str,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), Error> {
        let secrets = &self.aws.secrets;
        let (set, gone) = tag_changes(old, new);
        if !set.is_empty() {
            let request = secrets.tag_resource().secret_id(id);
            let request = request.set_tags(Some(sdk_tags!(aws_sdk_secretsmanager, set)));
            let answer = request.send().await;
            answer.map_err(Error::call("TagResource", name))?;
        }
        if !gone.is_empty() {
            let request = secrets.untag_resource().secret_id(id);
            let answer = request.set_tag_keys(Some(gone)).send().await;
            answer.map_err(Error::call("UntagResource", name))?;
        }
        Ok(())
    }

    /// The secret can be restored for 30 days, the default of Secrets Manager. A secret with copies can't be deleted.
    pub(super) async fn delete_secret(&self, id: &str, old: &Secret) -> Result<(), Error> {
        self.remove_replicas(id, old).await?;
        let answer = self.aws.secrets.delete_secret().secret_id(id).send().await;
        answer.map(drop).map_err(Error::call("DeleteSecret", id))
    }
}

fn random_secret(about: &str) -> Result<SecretString, Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Error::Missing {
        about: about.to_owned(),
        missing: "the system's source of randomness".into(),
    })?;
    Ok(hex::encode(bytes).into())
}

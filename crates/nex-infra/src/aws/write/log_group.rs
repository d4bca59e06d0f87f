//! Log groups.

use super::{Writer, tag_changes};
use crate::aws::Error;
use crate::aws::number::to_sdk;
use crate::model::LogGroup;
use crate::names::Tags;

impl Writer {
    pub(super) async fn create_log_group(&self, new: &LogGroup) -> Result<String, Error> {
        let name = &new.name;
        let request = self.aws.logs.create_log_group().log_group_name(name);
        let tags = new.tags.clone().into_iter().collect();
        let answer = request.set_tags(Some(tags)).send().await;
        answer.map_err(Error::call("CreateLogGroup", name))?;
        self.put_retention(new).await?;
        Ok(name.clone())
    }

    pub(super) async fn update_log_group(
        &self,
        arn: &str,
        old: &LogGroup,
        new: &LogGroup,
    ) -> Result<(), Error> {
        if old.retention_days != new.retention_days {
            self.put_retention(new).await?;
        }
        self.tag_log_group(arn, &new.name, &old.tags, &new.tags)
            .await
    }

    pub(super) async fn tag_log_group(
        &self,
        arn: &str,
        name: &str,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), Error> {
        let (set, gone) = tag_changes(old, new);
        if !set.is_empty() {
            let request = self.aws.logs.tag_resource().resource_arn(arn);
            let tags = set.into_iter().collect();
            let answer = request.set_tags(Some(tags)).send().await;
            answer.map_err(Error::call("TagResource", name))?;
        }
        if !gone.is_empty() {
            let request = self.aws.logs.untag_resource().resource_arn(arn);
            let answer = request.set_tag_keys(Some(gone)).send().await;
            answer.map_err(Error::call("UntagResource", name))?;
        }
        Ok(())
    }

    async fn put_retention(&self, group: &LogGroup) -> Result<(), Error> {
        let name = &group.name;
        match group.retention_days {
            Some(days) => {
                let request = self.aws.logs.put_retention_policy().log_group_name(name);
                let answer = request.retention_in_days(to_sdk(days)).send().await;
                answer
                    .map(drop)
                    .map_err(Error::call("PutRetentionPolicy", name))
            }
            None => {
                let request = self.aws.logs.delete_retention_policy();
                let answer = request.log_group_name(name).send().await;
                answer
                    .map(drop)
                    .map_err(Error::call("DeleteRetentionPolicy", name))
            }
        }
    }

    pub(super) async fn delete_log_group(&self, name: &str) -> Result<(), Error> {
        let request = self.aws.logs.delete_log_group().log_group_name(name);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeleteLogGroup", name))
    }
}

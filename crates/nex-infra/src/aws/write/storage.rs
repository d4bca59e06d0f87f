//! Buckets, secrets and log groups.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    CreateBucketConfiguration, Delete, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, ObjectIdentifier, PublicAccessBlockConfiguration, Tag as S3Tag, Tagging,
};
use secrecy::{ExposeSecret, SecretString};

use super::{Writer, sdk_tags, tag_changes};
use crate::aws::Error;
use crate::model::{Bucket, Content, Expiry, LogGroup, Secret};
use crate::names::Tags;

/// Random bytes of a generated secret; written in hex, so that no reader has to quote them.
const SECRET_BYTES: usize = 24;

/// The Region in which S3 takes no location.
const DEFAULT_REGION: &str = "us-east-1";

impl Writer {
    pub(super) async fn create_bucket(&self, new: &Bucket) -> Result<String, Error> {
        let region = self.aws.region.as_str();
        let location = Some(region).filter(|r| *r != DEFAULT_REGION);
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(location.map(BucketLocationConstraint::from))
            .set_tags(Some(s3_tags(&new.tags, &new.name)?))
            .build();
        let request = self.aws.s3.create_bucket().bucket(&new.name);
        let answer = request
            .create_bucket_configuration(configuration)
            .send()
            .await;
        answer.map_err(Error::call("CreateBucket", &new.name))?;
        // S3 itself blocks public access to a new bucket; the read back makes sure.
        self.put_lifecycle(new).await?;
        Ok(new.name.clone())
    }

    pub(super) async fn update_bucket(&self, old: &Bucket, new: &Bucket) -> Result<(), Error> {
        let name = &new.name;
        if old.public_access_blocked != new.public_access_blocked {
            let on = Some(new.public_access_blocked);
            let block = PublicAccessBlockConfiguration::builder()
                .set_block_public_acls(on)
                .set_ignore_public_acls(on)
                .set_block_public_policy(on)
                .set_restrict_public_buckets(on)
                .build();
            let request = self.aws.s3.put_public_access_block().bucket(name);
            let answer = request.public_access_block_configuration(block).send();
            answer
                .await
                .map_err(Error::call("PutPublicAccessBlock", name))?;
        }
        if old.lifecycle != new.lifecycle {
            self.put_lifecycle(new).await?;
        }
        if old.tags != new.tags {
            self.put_bucket_tags(new).await?;
        }
        Ok(())
    }

    /// The call replaces the whole set, so what others added to the bucket is read and kept.
    async fn put_bucket_tags(&self, new: &Bucket) -> Result<(), Error> {
        let name = &new.name;
        let there = self.aws.s3.get_bucket_tagging().bucket(name).send().await;
        let there = there.map_err(Error::call("GetBucketTagging", name));
        let there = crate::aws::error::found(there)?;
        let mut tags: Tags = there
            .iter()
            .flat_map(|answer| answer.tag_set())
            .map(|t| (t.key().to_owned(), t.value().to_owned()))
            .collect();
        tags.extend(new.tags.clone());
        let tagging = Tagging::builder()
            .set_tag_set(Some(s3_tags(&tags, name)?))
            .build()
            .map_err(|_| incomplete(name))?;
        let request = self.aws.s3.put_bucket_tagging().bucket(name);
        let answer = request.tagging(tagging).send().await;
        answer
            .map(drop)
            .map_err(Error::call("PutBucketTagging", name))
    }

    async fn put_lifecycle(&self, new: &Bucket) -> Result<(), Error> {
        let name = &new.name;
        let rules: Option<Vec<_>> = new.lifecycle.iter().map(|(id, r)| rule(id, r)).collect();
        let configuration = BucketLifecycleConfiguration::builder()
            .set_rules(rules)
            .build()
            .map_err(|_| incomplete(name))?;
        let request = self.aws.s3.put_bucket_lifecycle_configuration();
        let request = request.bucket(name).lifecycle_configuration(configuration);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("PutBucketLifecycleConfiguration", name))
    }

    /// Deletes a bucket with all that it holds: whoever comes here has named it.
    pub(super) async fn delete_bucket(&self, name: &str) -> Result<(), Error> {
        loop {
            let request = self.aws.s3.list_object_versions().bucket(name);
            let answer = request.send().await;
            let answer = answer.map_err(Error::call("ListObjectVersions", name))?;
            let versions = answer.versions().iter();
            let versions = versions.map(|v| (v.key(), v.version_id()));
            let markers = answer.delete_markers().iter();
            let markers = markers.map(|m| (m.key(), m.version_id()));
            let objects: Vec<ObjectIdentifier> = versions
                .chain(markers)
                .filter_map(|(key, version)| {
                    let object = ObjectIdentifier::builder().key(key?);
                    object
                        .set_version_id(version.map(str::to_owned))
                        .build()
                        .ok()
                })
                .collect();
            if objects.is_empty() {
                break;
            }
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true);
            let delete = delete.build().map_err(|_| incomplete(name))?;
            let request = self.aws.s3.delete_objects().bucket(name);
            let answer = request.delete(delete).send().await;
            let answer = answer.map_err(Error::call("DeleteObjects", name))?;
            // The call is a success even when S3 refuses some: without this look the loop would never end.
            if !answer.errors().is_empty() {
                return Err(Error::Unchangeable {
                    about: name.to_owned(),
                    why: "S3 did not let go of some of its objects",
                });
            }
        }
        let answer = self.aws.s3.delete_bucket().bucket(name).send().await;
        answer.map(drop).map_err(Error::call("DeleteBucket", name))
    }

    pub(super) async fn create_secret(&self, new: &Secret) -> Result<String, Error> {
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
            .map_err(Error::call(CALL, &new.name));
        match answer {
            Ok(answer) => Ok(answer.arn.unwrap_or_else(|| new.name.clone())),
            // A destroy keeps a secret for its recovery window; whoever builds again wants it back.
            Err(error) if error.says("scheduled for deletion") => self.restore(&new.name).await,
            Err(error) => Err(error),
        }
    }

    async fn restore(&self, name: &str) -> Result<String, Error> {
        let request = self.aws.secrets.restore_secret().secret_id(name);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("RestoreSecret", name))?;
        Ok(answer.arn.unwrap_or_else(|| name.to_owned()))
    }

    fn secret_value(&self, secret: &Secret) -> Result<Option<SecretString>, Error> {
        match secret.content {
            Content::Generated => random_secret(&secret.name).map(Some),
            Content::Given => match self.given.get(&secret.name) {
                Some(value) => Ok(Some(value.clone())),
                None => Err(Error::Missing {
                    about: secret.name.clone(),
                    missing: "the value that the spec refers to".into(),
                }),
            },
            Content::Later | Content::There | Content::Missing => Ok(None),
        }
    }

    pub(super) async fn update_secret(
        &self,
        id: &str,
        old: &Secret,
        new: &Secret,
    ) -> Result<(), Error> {
        let secrets = &self.aws.secrets;
        if old.description != new.description {
            let request = secrets.update_secret().secret_id(id);
            let answer = request.description(&new.description).send().await;
            answer.map_err(Error::call("UpdateSecret", &new.name))?;
        }
        if old.content == Content::Missing
            && let Some(value) = self.secret_value(new)?
        {
            let request = secrets.put_secret_value().secret_id(id);
            let answer = request.secret_string(value.expose_secret()).send().await;
            answer.map_err(Error::call("PutSecretValue", &new.name))?;
        }
        let (set, gone) = tag_changes(&old.tags, &new.tags);
        if !set.is_empty() {
            let request = secrets.tag_resource().secret_id(id);
            let request = request.set_tags(Some(sdk_tags!(aws_sdk_secretsmanager, set)));
            let answer = request.send().await;
            answer.map_err(Error::call("TagResource", &new.name))?;
        }
        if !gone.is_empty() {
            let request = secrets.untag_resource().secret_id(id);
            let answer = request.set_tag_keys(Some(gone)).send().await;
            answer.map_err(Error::call("UntagResource", &new.name))?;
        }
        Ok(())
    }

    /// The secret can be had back for 30 days, Secrets Manager's own default.
    pub(super) async fn delete_secret(&self, id: &str) -> Result<(), Error> {
        let answer = self.aws.secrets.delete_secret().secret_id(id).send().await;
        answer.map(drop).map_err(Error::call("DeleteSecret", id))
    }

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
        let (set, gone) = tag_changes(&old.tags, &new.tags);
        if !set.is_empty() {
            let request = self.aws.logs.tag_resource().resource_arn(arn);
            let tags = set.into_iter().collect();
            let answer = request.set_tags(Some(tags)).send().await;
            answer.map_err(Error::call("TagResource", &new.name))?;
        }
        if !gone.is_empty() {
            let request = self.aws.logs.untag_resource().resource_arn(arn);
            let answer = request.set_tag_keys(Some(gone)).send().await;
            answer.map_err(Error::call("UntagResource", &new.name))?;
        }
        Ok(())
    }

    async fn put_retention(&self, group: &LogGroup) -> Result<(), Error> {
        let name = &group.name;
        match group.retention_days {
            Some(days) => {
                let request = self.aws.logs.put_retention_policy().log_group_name(name);
                let answer = request.retention_in_days(days).send().await;
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

fn incomplete(about: &str) -> Error {
    Error::Missing {
        about: about.to_owned(),
        missing: "a field that the call wants".into(),
    }
}

fn s3_tags(tags: &Tags, about: &str) -> Result<Vec<S3Tag>, Error> {
    let tag = |(key, value)| S3Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<_>, _> = tags.iter().map(tag).collect();
    tags.map_err(|_| incomplete(about))
}

fn rule(id: &str, expiry: &Expiry) -> Option<LifecycleRule> {
    let expiration = expiry
        .after_days
        .map(|days| LifecycleExpiration::builder().days(days).build());
    let abort = expiry.abort_uploads_days.map(|days| {
        AbortIncompleteMultipartUpload::builder()
            .days_after_initiation(days)
            .build()
    });
    LifecycleRule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(
            LifecycleRuleFilter::builder()
                .prefix(&expiry.prefix)
                .build(),
        )
        .set_expiration(expiration)
        .set_abort_incomplete_multipart_upload(abort)
        .build()
        .ok()
}

fn random_secret(about: &str) -> Result<SecretString, Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Error::Missing {
        about: about.to_owned(),
        missing: "the system's source of randomness".into(),
    })?;
    Ok(hex::encode(bytes).into())
}

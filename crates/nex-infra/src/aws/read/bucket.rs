//! Buckets.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule as S3Rule};

use super::Reader;
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::number::from_sdk;
use crate::model::{Document, LifecycleRule};
use crate::names::{LOCK, Tags};

/// A bucket as described, without its tags.
#[derive(Clone, Debug)]
pub(super) struct DescribedBucket {
    pub(super) name: String,
    pub(super) is_blocked: bool,
    pub(super) policy: Option<Document>,
    pub(super) lifecycle: BTreeMap<String, LifecycleRule>,
}

impl Reader {
    /// Our account's bucket with this name; `None` if there is none.
    pub(super) async fn bucket(&self, name: &str) -> Result<Option<DescribedBucket>, Error> {
        match self.bucket_of_account(name).await {
            Err(error) => Err(self.explained(name, error).await),
            found => found,
        }
    }

    async fn bucket_of_account(&self, name: &str) -> Result<Option<DescribedBucket>, Error> {
        let s3 = &self.aws.s3;
        let owner = self.aws.account().await?;
        let (blocked, lifecycle, policy) = tokio::join!(
            s3.get_public_access_block()
                .bucket(name)
                .expected_bucket_owner(owner)
                .send(),
            s3.get_bucket_lifecycle_configuration()
                .bucket(name)
                .expected_bucket_owner(owner)
                .send(),
            s3.get_bucket_policy()
                .bucket(name)
                .expected_bucket_owner(owner)
                .send(),
        );
        let blocked = match blocked.map_err(Error::call("GetPublicAccessBlock", name)) {
            Err(error) if error.has_code("NoSuchBucket") => return Ok(None),
            other => if_found(other)?,
        };
        let blocked = blocked.and_then(|a| a.public_access_block_configuration);
        let operation = "GetBucketLifecycleConfiguration";
        let lifecycle = if_found(lifecycle.map_err(Error::call(operation, name)))?;
        let rules = lifecycle.and_then(|a| a.rules).unwrap_or_default();
        let policy = if_found(policy.map_err(Error::call("GetBucketPolicy", name)))?;
        let policy = policy.and_then(|a| a.policy);
        let policy = policy.map(|text| Document::parse(&text)).transpose();
        let lacks = Error::lacks("GetBucketPolicy", name);
        Ok(Some(DescribedBucket {
            policy: policy.map_err(|_| lacks("a policy in JSON"))?,
            name: name.to_owned(),
            is_blocked: blocked.is_some_and(|b| {
                [
                    b.block_public_acls,
                    b.ignore_public_acls,
                    b.block_public_policy,
                    b.restrict_public_buckets,
                ]
                .iter()
                .all(|on| *on == Some(true))
            }),
            lifecycle: rules.iter().filter_map(lifecycle_rule).collect(),
        }))
    }

    /// Whether a bucket holds no object, in any version. nex's own lock does not count.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub async fn is_empty_bucket(&self, name: &str) -> Result<bool, Error> {
        let owner = self.aws.account().await?;
        let request = self.aws.s3.list_object_versions().bucket(name).max_keys(2);
        let answer = request.expected_bucket_owner(owner).send().await;
        let answer = answer.map_err(Error::call("ListObjectVersions", name))?;
        let is_lock = |key: Option<&str>| key == Some(LOCK);
        let versions = answer.versions().iter().all(|v| is_lock(v.key()));
        Ok(versions && answer.delete_markers().iter().all(|m| is_lock(m.key())))
    }

    /// A shared bucket that the spec names must exist: nex does not create it.
    pub(super) async fn existing_backups_bucket(&self) -> Result<(), Error> {
        if !self.buckets.shares_backups {
            return Ok(());
        }
        let name = &self.buckets.backups;
        let owner = match &self.spec.storage.backups.account {
            Some(account) => account,
            None => self.aws.account().await?,
        };
        let request = self.aws.s3.head_bucket().bucket(name);
        let answer = request.expected_bucket_owner(owner).send().await;
        match if_found(answer.map_err(Error::call("HeadBucket", name))) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Error::Lookup {
                what: "backups bucket",
                selector: name.clone(),
                found: 0,
                place: "S3".into(),
            }),
            Err(error) => Err(self.explained(name, error).await),
        }
    }

    /// S3 answers alike for a bucket of another account and for a missing permission: the list of our account's buckets
    /// tells which it is.
    async fn explained(&self, name: &str, error: Error) -> Error {
        if !error.has_code("AccessDenied") && !error.has_code("PermanentRedirect") {
            return error;
        }
        let listed = self.aws.s3.list_buckets().prefix(name).send().await;
        let Ok(listed) = listed else { return error };
        let mut buckets = listed.buckets().iter();
        match buckets.find(|bucket| bucket.name() == Some(name)) {
            None => Error::ForeignBucket {
                name: name.to_owned(),
            },
            Some(bucket) => match bucket.bucket_region() {
                Some(region) if region != self.aws.region => Error::BucketRegion {
                    name: name.to_owned(),
                    found: region.to_owned(),
                    expected: self.aws.region.clone(),
                },
                _ => error,
            },
        }
    }

    /// `None` if the bucket is gone: S3 shows the settings of a deleted bucket for a moment longer.
    pub(super) async fn tags_of_bucket(&self, name: &str) -> Result<Option<Tags>, Error> {
        let owner = self.aws.account().await?;
        let request = self.aws.s3.get_bucket_tagging().bucket(name);
        let answer = request.expected_bucket_owner(owner).send().await;
        let tags = match answer.map_err(Error::call("GetBucketTagging", name)) {
            Ok(answer) => answer
                .tag_set()
                .iter()
                .map(|t| (t.key().to_owned(), t.value().to_owned()))
                .collect(),
            Err(error) if error.has_code("NoSuchTagSet") => Tags::new(),
            Err(error) if error.has_code("NoSuchBucket") => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(tags))
    }
}

/// A lifecycle rule in the form that nex writes. A rule with more conditions or actions gets another id here, so that
/// the diff removes the rule.
fn lifecycle_rule(rule: &S3Rule) -> Option<(String, LifecycleRule)> {
    if rule.status() != &ExpirationStatus::Enabled {
        return None;
    }
    let prefix = rule.filter().and_then(|f| f.prefix());
    let abort = rule.abort_incomplete_multipart_upload();
    let ours = LifecycleRule {
        prefix: prefix.unwrap_or_default().to_owned(),
        after_days: rule.expiration().and_then(|e| e.days()).map(from_sdk),
        abort_uploads_days: abort.and_then(|a| a.days_after_initiation()).map(from_sdk),
    };
    let id = rule.id().unwrap_or_default();
    // Without a filter, a rule has its prefix in a field of its own: the form of S3's first API.
    #[allow(deprecated)]
    let is_old = rule.prefix().is_some_and(|prefix| !prefix.is_empty());
    let is_narrower = rule.filter().is_some_and(|f| {
        f.tag().is_some()
            || f.and().is_some()
            || f.object_size_greater_than().is_some()
            || f.object_size_less_than().is_some()
    });
    let does_more = !rule.transitions().is_empty()
        || rule.noncurrent_version_expiration().is_some()
        || !rule.noncurrent_version_transitions().is_empty();
    let id = if is_old || is_narrower || does_more {
        format!("{id} (as changed by others)")
    } else {
        id.to_owned()
    };
    Some((id, ours))
}

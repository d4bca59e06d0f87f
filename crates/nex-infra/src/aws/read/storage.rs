//! Buckets, secrets and log groups.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatchlogs::types::LogGroup as DescribedGroup;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule as S3Rule};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};

use super::{Found, Reader, tags};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::number::from_sdk;
use crate::aws::secret_store::CURRENT;
use crate::model::{Bucket, LifecycleRule, LogGroup, Secret, SecretValue};
use crate::names::{MANAGED_BY, Tags};

/// The prefix of a bucket's key.
const BUCKET: &str = "s3:::";

/// Buckets, secrets and log groups as described.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    buckets: Vec<DescribedBucket>,
    secrets: Vec<DescribedSecret>,
    groups: Vec<DescribedGroup>,
    /// Tags of buckets and log groups by ARN, from the Tagging API, without tags that may lag behind.
    tags: BTreeMap<String, Tags>,
}

#[derive(Clone, Debug)]
struct DescribedBucket {
    name: String,
    is_blocked: bool,
    lifecycle: BTreeMap<String, LifecycleRule>,
}

#[derive(Clone, Debug)]
struct DescribedSecret {
    name: String,
    arn: String,
    description: String,
    value: SecretValue,
    tags: Tags,
}

impl Reader {
    pub(super) async fn storage_parts(&self) -> Result<Parts, Error> {
        let buckets = self.buckets.managed();
        let (buckets, secrets, groups, tags, ()) = tokio::try_join!(
            join_all(buckets.into_iter().map(|name| self.bucket(name))),
            self.listed_secrets(),
            self.log_groups(),
            self.settled_tags(),
            self.existing_backups_bucket(),
        )?;
        Ok(Parts {
            buckets: buckets.into_iter().flatten().collect(),
            secrets,
            groups,
            tags,
        })
    }

    /// The second round: reads resources that the lists may not show yet.
    pub(super) async fn storage_details(&self, mut parts: Parts) -> Result<Parts, Error> {
        let unlisted = |name: &&str| !parts.secrets.iter().any(|s| s.name == **name);
        let names = self.names.secrets();
        let missing = names.all().into_iter().filter(unlisted);
        let unsettled = |key: &String| !parts.tags.contains_key(key);
        let groups = parts.groups.iter().filter_map(|g| g.log_group_arn.clone());
        let buckets = parts.buckets.iter().map(|bucket| bucket.name.as_str());
        let buckets = buckets.filter(|name| unsettled(&bucket_key(name)));
        let (secrets, groups, buckets, orphans) = tokio::try_join!(
            join_all(missing.map(|name| self.secret(name))),
            join_all(
                groups
                    .filter(unsettled)
                    .map(|arn| self.tags_of_log_group(arn))
            ),
            join_all(buckets.map(|name| self.tags_of_bucket(name))),
            join_all(self.orphans(&parts.tags).map(|name| self.bucket(name))),
        )?;
        parts.secrets.extend(secrets.into_iter().flatten());
        parts.buckets.extend(orphans.into_iter().flatten());
        let buckets = buckets.into_iter().flatten();
        parts.tags.extend(groups.into_iter().chain(buckets));
        let Parts { buckets, tags, .. } = &mut parts;
        buckets.retain(|bucket| tags.contains_key(&bucket_key(&bucket.name)));
        Ok(parts)
    }

    /// Our buckets that the spec no longer names.
    fn orphans<'a>(&'a self, tags: &'a BTreeMap<String, Tags>) -> impl Iterator<Item = &'a str> {
        let mut named = self.buckets.managed();
        named.push(&self.buckets.backups);
        let ours = tags.keys().filter_map(|key| key.strip_prefix(BUCKET));
        ours.filter(move |name| !named.contains(name))
    }

    pub(super) fn collect_storage(&self, parts: Parts, found: &mut Found) -> Result<(), Error> {
        for bucket in parts.buckets {
            let tags = parts.tags.get(&bucket_key(&bucket.name));
            let tags = tags.cloned().unwrap_or_default();
            let owner = self.owner(&tags);
            let resource = Bucket {
                name: bucket.name.clone(),
                public_access_blocked: bucket.is_blocked,
                lifecycle: bucket.lifecycle,
                tags: self.ours(tags),
            };
            found.add(bucket.name, owner, resource);
        }
        for secret in parts.secrets {
            let owner = self.owner(&secret.tags);
            let resource = Secret {
                name: secret.name,
                description: secret.description,
                value: secret.value,
                tags: self.ours(secret.tags),
            };
            found.add(secret.arn, owner, resource);
        }
        let lacks = Error::lacks("DescribeLogGroups", "our log groups");
        for group in parts.groups {
            let arn = group.log_group_arn.ok_or_else(|| lacks("an ARN"))?;
            let tags = parts.tags.get(&arn).cloned().unwrap_or_default();
            let resource = LogGroup {
                name: group.log_group_name.ok_or_else(|| lacks("a name"))?,
                retention_days: group.retention_in_days.map(from_sdk),
                tags: self.ours(tags.clone()),
            };
            found.add(arn, self.owner(&tags), resource);
        }
        Ok(())
    }

    async fn bucket(&self, name: &str) -> Result<Option<DescribedBucket>, Error> {
        let s3 = &self.aws.s3;
        let (blocked, lifecycle) = tokio::join!(
            s3.get_public_access_block().bucket(name).send(),
            s3.get_bucket_lifecycle_configuration().bucket(name).send(),
        );
        let blocked = match blocked.map_err(Error::call("GetPublicAccessBlock", name)) {
            Err(error) if error.has_code("NoSuchBucket") => return Ok(None),
            other => if_found(other)?,
        };
        let blocked = blocked.and_then(|a| a.public_access_block_configuration);
        let operation = "GetBucketLifecycleConfiguration";
        let lifecycle = if_found(lifecycle.map_err(Error::call(operation, name)))?;
        let rules = lifecycle.and_then(|a| a.rules).unwrap_or_default();
        Ok(Some(DescribedBucket {
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

    /// Whether a bucket holds no object, in any version.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub async fn is_empty_bucket(&self, name: &str) -> Result<bool, Error> {
        let request = self.aws.s3.list_object_versions().bucket(name).max_keys(1);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("ListObjectVersions", name))?;
        Ok(answer.versions().is_empty() && answer.delete_markers().is_empty())
    }

    /// A shared bucket that the spec names must exist: nex does not create it.
    async fn existing_backups_bucket(&self) -> Result<(), Error> {
        if !self.buckets.shares_backups {
            return Ok(());
        }
        let name = &self.buckets.backups;
        let answer = self.aws.s3.head_bucket().bucket(name).send().await;
        match if_found(answer.map_err(Error::call("HeadBucket", name)))? {
            Some(_) => Ok(()),
            None => Err(Error::Lookup {
                what: "backups bucket",
                selector: name.clone(),
                found: 0,
                place: "S3".into(),
            }),
        }
    }

    async fn listed_secrets(&self) -> Result<Vec<DescribedSecret>, Error> {
        let by_name = Filter::builder()
            .key(FilterNameStringType::Name)
            .values(self.names.secret("gitlab", "").trim_end_matches('/'))
            .build();
        let request = self.aws.secrets.list_secrets().filters(by_name);
        let pages: Vec<_> = request
            .into_paginator()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("ListSecrets", "our secrets"))?;
        let secrets = pages
            .into_iter()
            .flat_map(|page| page.secret_list.unwrap_or_default());
        let names = self.names.secrets();
        let ours = names.all();
        let mut described = vec![];
        for entry in secrets {
            let Some(name) = entry.name.filter(|name| ours.contains(&name.as_str())) else {
                continue;
            };
            let lacks = Error::lacks("ListSecrets", &name);
            described.push(DescribedSecret {
                arn: entry.arn.ok_or_else(|| lacks("an ARN"))?,
                description: entry.description.unwrap_or_default(),
                value: value(entry.secret_versions_to_stages.as_ref()),
                tags: tags!(entry.tags.unwrap_or_default()),
                name,
            });
        }
        Ok(described)
    }

    async fn secret(&self, name: &str) -> Result<Option<DescribedSecret>, Error> {
        let request = self.aws.secrets.describe_secret().secret_id(name);
        let answer = if_found(
            request
                .send()
                .await
                .map_err(Error::call("DescribeSecret", name)),
        )?;
        let Some(answer) = answer.filter(|a| a.deleted_date().is_none()) else {
            return Ok(None);
        };
        let lacks = Error::lacks("DescribeSecret", name);
        Ok(Some(DescribedSecret {
            value: value(answer.version_ids_to_stages()),
            tags: tags!(answer.tags()),
            name: name.to_owned(),
            arn: answer.arn.ok_or_else(|| lacks("an ARN"))?,
            description: answer.description.unwrap_or_default(),
        }))
    }

    async fn log_groups(&self) -> Result<Vec<DescribedGroup>, Error> {
        // The names of the server's and the runners' log groups both start with "/nex/gitlab".
        let prefix = self.names.log_group("gitlab", "");
        let prefix = prefix.trim_end_matches('/');
        let request = self.aws.logs.describe_log_groups();
        let groups = request
            .log_group_name_prefix(prefix)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("DescribeLogGroups", prefix))?;
        let names = self.names.log_groups();
        let ours = names.all();
        let is_ours =
            |g: &DescribedGroup| g.log_group_name().is_some_and(|name| ours.contains(&name));
        Ok(groups.into_iter().filter(is_ours).collect())
    }

    async fn settled_tags(&self) -> Result<BTreeMap<String, Tags>, Error> {
        let managed = TagFilter::builder().key(MANAGED_BY).values("nex").build();
        let request = self.aws.tagging.get_resources();
        let mappings = request
            .resource_type_filters("logs:log-group")
            .resource_type_filters("s3")
            .tag_filters(managed)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("GetResources", "buckets and log groups"))?;
        let entry = |m: aws_sdk_resourcegroupstagging::types::ResourceTagMapping| {
            let tags = m.tags().iter();
            let tags = tags.map(|t| (t.key().to_owned(), t.value().to_owned()));
            let tags: Tags = tags.collect();
            let arn = m.resource_arn?;
            let bucket = arn
                .split_once(":s3:::")
                .map(|(_, bucket)| bucket_key(bucket));
            Some((bucket.unwrap_or(arn), tags))
        };
        let entries = mappings.into_iter().filter_map(entry);
        Ok(entries.filter(|(_, tags)| self.is_settled(tags)).collect())
    }

    /// `None` if the bucket is gone: S3 shows the settings of a deleted bucket for a moment longer.
    async fn tags_of_bucket(&self, name: &str) -> Result<Option<(String, Tags)>, Error> {
        let answer = self.aws.s3.get_bucket_tagging().bucket(name).send().await;
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
        Ok(Some((bucket_key(name), tags)))
    }

    async fn tags_of_log_group(&self, arn: String) -> Result<(String, Tags), Error> {
        let request = self.aws.logs.list_tags_for_resource().resource_arn(&arn);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("ListTagsForResource", &arn))?;
        let tags = answer.tags.unwrap_or_default();
        Ok((arn, tags.into_iter().collect()))
    }
}

/// A bucket's key among ARNs: the same in every partition.
fn bucket_key(name: &str) -> String {
    format!("{BUCKET}{name}")
}

fn value(stages: Option<&HashMap<String, Vec<String>>>) -> SecretValue {
    let mut labels = stages.iter().flat_map(|stages| stages.values().flatten());
    if labels.any(|label| label == CURRENT) {
        SecretValue::Present
    } else {
        SecretValue::Absent
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
    let is_narrower = rule.filter().is_some_and(|f| {
        f.tag().is_some()
            || f.and().is_some()
            || f.object_size_greater_than().is_some()
            || f.object_size_less_than().is_some()
    });
    let does_more = !rule.transitions().is_empty()
        || rule.noncurrent_version_expiration().is_some()
        || !rule.noncurrent_version_transitions().is_empty();
    let id = if is_narrower || does_more {
        format!("{id} (as changed by others)")
    } else {
        id.to_owned()
    };
    Some((id, ours))
}

/// Runs all futures at once; ends at the first error.
async fn join_all<T, F>(futures: impl Iterator<Item = F>) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    futures_util::future::try_join_all(futures).await
}

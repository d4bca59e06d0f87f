//! Buckets, secrets and log groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_cloudwatchlogs::types::LogGroup as DescribedGroup;
use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::bucket::DescribedBucket;
use super::{Found, Reader, join_all, tags};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::number::from_sdk;
use crate::aws::secret_store::CURRENT;
use crate::model::{Bucket, LogGroup, Owner, Secret, SecretValue};
use crate::names::{DEPLOYMENT, Names, Tags};

/// The prefix of a bucket's key.
const BUCKET: &str = "s3:::";

/// Buckets, secrets and log groups as described.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    buckets: Vec<DescribedBucket>,
    secrets: Vec<DescribedSecret>,
    /// The secrets that are scheduled for deletion.
    deleted: Vec<DescribedSecret>,
    groups: Vec<DescribedGroup>,
    /// Tags of buckets and log groups by ARN, from the Tagging API, without tags that may lag behind.
    tags: BTreeMap<String, Tags>,
}

#[derive(Clone, Debug)]
struct DescribedSecret {
    name: String,
    arn: String,
    description: String,
    value: SecretValue,
    replicas: BTreeSet<String>,
    tags: Tags,
    is_deleted: bool,
}

impl Parts {
    /// The owners of the secrets that are scheduled for deletion, by the names of the secrets.
    pub(super) fn deleted_secrets(&self, names: &Names) -> BTreeMap<String, Owner> {
        let deleted = self.deleted.iter();
        deleted
            .map(|secret| (secret.name.clone(), names.owner(&secret.tags)))
            .collect()
    }
}

impl Reader {
    pub(super) async fn storage_parts(&self) -> Result<Parts, Error> {
        let buckets = self.buckets.managed();
        let names = self.names.secrets();
        // The list of secrets may be five minutes old (ListSecrets in the API reference), so each is read by name.
        let (buckets, secrets, groups, tags, ()) = tokio::try_join!(
            join_all(buckets.into_iter().map(|name| self.bucket(name))),
            join_all(names.all().into_iter().map(|name| self.secret(name))),
            self.log_groups(),
            self.settled_tags(),
            self.existing_backups_bucket(),
        )?;
        let secrets = secrets.into_iter().flatten();
        let (deleted, secrets) = secrets.partition(|secret| secret.is_deleted);
        Ok(Parts {
            buckets: buckets.into_iter().flatten().collect(),
            secrets,
            deleted,
            groups,
            tags,
        })
    }

    /// The second round: reads the tags that the Tagging API may not show yet.
    pub(super) async fn storage_details(&self, mut parts: Parts) -> Result<Parts, Error> {
        let unsettled = |key: &String| !parts.tags.contains_key(key);
        let groups = parts.groups.iter().filter_map(|g| g.log_group_arn.clone());
        let buckets = parts.buckets.iter().map(|bucket| bucket.name.as_str());
        let buckets = buckets.filter(|name| unsettled(&bucket_key(name)));
        let tags_of_bucket = async |name| {
            let tags = self.tags_of_bucket(name).await?;
            Ok(tags.map(|tags| (bucket_key(name), tags)))
        };
        let (groups, buckets, orphans) = tokio::try_join!(
            join_all(
                groups
                    .filter(unsettled)
                    .map(|arn| self.tags_of_log_group(arn))
            ),
            join_all(buckets.map(tags_of_bucket)),
            join_all(self.orphans(&parts.tags).map(|name| self.bucket(name))),
        )?;
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
            let owner = self.names.owner(&tags);
            let resource = Bucket {
                name: bucket.name.clone(),
                public_access_blocked: bucket.is_blocked,
                policy: bucket.policy,
                lifecycle: bucket.lifecycle,
                tags: self.ours(tags),
            };
            found.add(bucket.name, owner, resource)?;
        }
        for secret in parts.secrets {
            let owner = self.names.owner(&secret.tags);
            let resource = Secret {
                name: secret.name,
                description: secret.description,
                value: secret.value,
                replicas: secret.replicas,
                tags: self.ours(secret.tags),
            };
            found.add(secret.arn, owner, resource)?;
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
            found.add(arn, self.names.owner(&tags), resource)?;
        }
        Ok(())
    }

    async fn secret(&self, name: &str) -> Result<Option<DescribedSecret>, Error> {
        let request = self.aws.secrets.describe_secret().secret_id(name);
        let answer = if_found(
            request
                .send()
                .await
                .map_err(Error::call("DescribeSecret", name)),
        )?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let lacks = Error::lacks("DescribeSecret", name);
        let replicas = answer.replication_status().iter();
        let replicas = replicas.filter_map(|replica| replica.region().map(str::to_owned));
        Ok(Some(DescribedSecret {
            value: value(answer.version_ids_to_stages()),
            is_deleted: answer.deleted_date().is_some(),
            replicas: replicas.collect(),
            tags: tags!(answer.tags()),
            name: name.to_owned(),
            arn: answer.arn.ok_or_else(|| lacks("an ARN"))?,
            description: answer.description.unwrap_or_default(),
        }))
    }

    /// Our log groups. Others may have many groups in our folders: nex reads one page of a folder, and looks up by name
    /// what a page that is not the last one leaves out.
    async fn log_groups(&self) -> Result<Vec<DescribedGroup>, Error> {
        let names = self.names.log_groups();
        let ours = names.all();
        let in_folder = async |component| {
            let folder = self.names.log_group(component, "");
            let (mut groups, is_last) = self.page_of_log_groups(&folder).await?;
            if !is_last {
                let is_missing = |name: &&&str| {
                    let is_listed = |g: &DescribedGroup| g.log_group_name() == Some(name);
                    name.starts_with(&folder) && !groups.iter().any(is_listed)
                };
                // Groups are sorted by name, so the one with this very name comes first.
                let missing = ours.iter().filter(is_missing);
                let pages = join_all(missing.map(|name| self.page_of_log_groups(name))).await?;
                groups.extend(pages.into_iter().flat_map(|(groups, _)| groups));
            }
            Ok::<_, Error>(groups)
        };
        let (server, runners) = tokio::try_join!(in_folder("gitlab"), in_folder("gitlab-runner"))?;
        let groups = server.into_iter().chain(runners);
        let is_ours =
            |g: &DescribedGroup| g.log_group_name().is_some_and(|name| ours.contains(&name));
        Ok(groups.filter(is_ours).collect())
    }

    /// One page of the log groups whose names start with `prefix`, and whether it is the last page.
    async fn page_of_log_groups(&self, prefix: &str) -> Result<(Vec<DescribedGroup>, bool), Error> {
        let request = self.aws.logs.describe_log_groups();
        let answer = request.log_group_name_prefix(prefix).send().await;
        let answer = answer.map_err(Error::call("DescribeLogGroups", prefix))?;
        let is_last = answer.next_token.is_none();
        Ok((answer.log_groups.unwrap_or_default(), is_last))
    }

    async fn settled_tags(&self) -> Result<BTreeMap<String, Tags>, Error> {
        let ours = TagFilter::builder()
            .key(DEPLOYMENT)
            .values(self.names.deployment())
            .build();
        let request = self.aws.tagging.get_resources();
        let mappings = request
            .resource_type_filters("logs:log-group")
            .resource_type_filters("s3")
            .tag_filters(ours)
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

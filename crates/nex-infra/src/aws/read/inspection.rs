//! Reads the properties that a plan does not read: one call for each of them.

use aws_sdk_ec2::types::{
    AddressTransfer, AddressTransferStatus, InstanceAttributeName, ShutdownBehavior,
};
use aws_sdk_s3::types::BucketVersioningStatus;
use futures_util::{StreamExt as _, TryStreamExt as _};
use nex_plan::{CloudError as _, ErrorKind};
use serde_json::Value as Json;

use super::Reader;
use super::launch_template::decoded;
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::inspection::{Answer, Inspected, Probe, Property, SESSION_SECONDS};

/// How many calls run at once. That is far from what any of the services allows, and they take as long as two plans.
const SIDE_BY_SIDE: usize = 8;

impl Reader {
    /// Answers the probes, in their order. Calls `answered` after each of them.
    ///
    /// A call that AWS denies is an answer: the other properties are still worth reading.
    ///
    /// # Errors
    /// The error of the first call that failed otherwise.
    pub async fn inspect(
        &self,
        probes: Vec<Probe>,
        answered: impl Fn(),
    ) -> Result<Vec<Inspected>, Error> {
        let answered = &answered;
        let inspect = async |probe: Probe| {
            let answer = Box::pin(self.answer(&probe)).await;
            answered();
            let answer = match answer {
                Err(error) if error.kind() == ErrorKind::Denied => {
                    Answer::Denied(nex_plan::chain(&error))
                }
                // The resource went since the first read.
                other => if_found(other)?.unwrap_or(Answer::Unset),
            };
            Ok(Inspected { probe, answer })
        };
        let inspected = futures_util::stream::iter(probes).map(inspect);
        inspected.buffered(SIDE_BY_SIDE).try_collect().await
    }

    async fn answer(&self, probe: &Probe) -> Result<Answer, Error> {
        let name = &probe.key.name;
        let values = match probe.property {
            Property::SecretPolicy => self.secret_policy(name).await?,
            Property::BucketReplication => self.replication(name).await?,
            Property::BucketNotifications => self.notifications(name).await?,
            Property::BucketVersioning => self.versioning(name).await?,
            Property::LogSubscriptions => self.subscriptions(name).await?,
            Property::RoleSession => self.session(name).await?,
            Property::AddressTransfer => self.transfer(&probe.id).await?,
            Property::ServerUserData => self.user_data(&probe.id).await?,
            Property::ServerShutdown => self.shutdown(&probe.id).await?,
        };
        Ok(if values.is_empty() {
            Answer::Unset
        } else {
            Answer::Set(values)
        })
    }

    /// Whom the policy names.
    async fn secret_policy(&self, name: &str) -> Result<Vec<String>, Error> {
        const CALL: &str = "GetResourcePolicy";
        let request = self.aws.secrets.get_resource_policy().secret_id(name);
        let answer = request.send().await.map_err(Error::call(CALL, name))?;
        let policy = answer.resource_policy;
        Ok(policy.map(|text| principals(&text)).unwrap_or_default())
    }

    /// The buckets that get copies.
    async fn replication(&self, name: &str) -> Result<Vec<String>, Error> {
        let owner = self.aws.account().await?;
        let request = self.aws.s3.get_bucket_replication().bucket(name);
        let answer = request.expected_bucket_owner(owner).send().await;
        let answer = match answer.map_err(Error::call("GetBucketReplication", name)) {
            Err(error) if error.has_code("ReplicationConfigurationNotFoundError") => {
                return Ok(vec![]);
            }
            other => other?,
        };
        let rules = answer.replication_configuration;
        let rules = rules.map(|r| r.rules).unwrap_or_default().into_iter();
        let targets = rules.filter_map(|rule| Some(rule.destination?.bucket));
        Ok(targets.collect())
    }

    /// The ARNs that get events.
    async fn notifications(&self, name: &str) -> Result<Vec<String>, Error> {
        let owner = self.aws.account().await?;
        let request = self.aws.s3.get_bucket_notification_configuration();
        let request = request.bucket(name).expected_bucket_owner(owner);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("GetBucketNotificationConfiguration", name))?;
        let topics = answer.topic_configurations().iter();
        let topics = topics.map(|topic| topic.topic_arn());
        let queues = answer.queue_configurations().iter();
        let queues = queues.map(|queue| queue.queue_arn());
        let functions = answer.lambda_function_configurations().iter();
        let functions = functions.map(|function| function.lambda_function_arn());
        let bridge = answer.event_bridge_configuration().map(|_| "EventBridge");
        let targets = topics.chain(queues).chain(functions).chain(bridge);
        Ok(targets.map(str::to_owned).collect())
    }

    /// A bucket with suspended versioning keeps no new versions, and S3 has no way back to a bucket without versioning.
    async fn versioning(&self, name: &str) -> Result<Vec<String>, Error> {
        let owner = self.aws.account().await?;
        let request = self.aws.s3.get_bucket_versioning().bucket(name);
        let answer = request.expected_bucket_owner(owner).send().await;
        let answer = answer.map_err(Error::call("GetBucketVersioning", name))?;
        let status = answer
            .status
            .filter(|s| *s == BucketVersioningStatus::Enabled);
        Ok(status.iter().map(|_| "on".to_owned()).collect())
    }

    /// The ARNs that get events. A log group has at most two filters, so one page holds them.
    async fn subscriptions(&self, name: &str) -> Result<Vec<String>, Error> {
        let request = self.aws.logs.describe_subscription_filters();
        let answer = request.log_group_name(name).send().await;
        let answer = answer.map_err(Error::call("DescribeSubscriptionFilters", name))?;
        let filters = answer.subscription_filters.unwrap_or_default().into_iter();
        Ok(filters.filter_map(|f| f.destination_arn).collect())
    }

    async fn session(&self, name: &str) -> Result<Vec<String>, Error> {
        let request = self.aws.iam.get_role().role_name(name);
        let answer = request.send().await.map_err(Error::call("GetRole", name))?;
        let seconds = answer.role.and_then(|role| role.max_session_duration);
        let other = seconds.filter(|seconds| *seconds != SESSION_SECONDS);
        Ok(other.iter().map(ToString::to_string).collect())
    }

    /// The account that can take the address.
    async fn transfer(&self, id: &str) -> Result<Vec<String>, Error> {
        let request = self.aws.ec2.describe_address_transfers();
        let transfers = request.into_paginator().items().send().try_collect().await;
        let transfers = transfers.map_err(Error::call("DescribeAddressTransfers", id))?;
        let is_open = |transfer: &AddressTransfer| {
            transfer.allocation_id() == Some(id)
                && transfer.address_transfer_status() == Some(&AddressTransferStatus::Pending)
        };
        let open = transfers.into_iter().filter(is_open);
        Ok(open
            .filter_map(|transfer| transfer.transfer_account_id)
            .collect())
    }

    async fn user_data(&self, id: &str) -> Result<Vec<String>, Error> {
        const CALL: &str = "DescribeInstanceAttribute";
        let request = self.aws.ec2.describe_instance_attribute().instance_id(id);
        let request = request.attribute(InstanceAttributeName::UserData);
        let answer = request.send().await.map_err(Error::call(CALL, id))?;
        let encoded = answer.user_data.and_then(|data| data.value);
        Ok(vec![decoded(&encoded.unwrap_or_default())])
    }

    async fn shutdown(&self, id: &str) -> Result<Vec<String>, Error> {
        const CALL: &str = "DescribeInstanceAttribute";
        let request = self.aws.ec2.describe_instance_attribute().instance_id(id);
        let request = request.attribute(InstanceAttributeName::InstanceInitiatedShutdownBehavior);
        let answer = request.send().await.map_err(Error::call(CALL, id))?;
        let behavior = answer.instance_initiated_shutdown_behavior;
        let behavior = behavior.and_then(|attribute| attribute.value);
        let other = behavior.filter(|value| value != ShutdownBehavior::Stop.as_str());
        Ok(other.into_iter().collect())
    }
}

/// The principals that a resource policy names; a text that is not a policy stands for itself.
fn principals(policy: &str) -> Vec<String> {
    let document: Json = serde_json::from_str(policy).unwrap_or_default();
    let statements = match &document["Statement"] {
        Json::Array(statements) => statements.iter().collect(),
        Json::Null => vec![],
        statement => vec![statement],
    };
    let mut names = vec![];
    for statement in statements {
        collect(&statement["Principal"], &mut names);
        collect(&statement["NotPrincipal"], &mut names);
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        names.push("nobody".to_owned());
    }
    names
}

/// The texts in a value: `"*"`, `{"AWS": "..."}`, `{"AWS": ["...", "..."]}`.
fn collect(value: &Json, texts: &mut Vec<String>) {
    match value {
        Json::String(text) => texts.push(text.clone()),
        Json::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Json::Object(map) => map.values().for_each(|value| collect(value, texts)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::principals;

    #[test]
    fn a_policy_names_principals_in_several_forms() {
        let policy = r#"{"Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::666666666666:root", "123456789012"]}},
            {"Effect": "Allow", "Principal": "*"},
            {"Effect": "Deny", "NotPrincipal": {"Service": "lambda.amazonaws.com"}}]}"#;
        let expected = [
            "*",
            "123456789012",
            "arn:aws:iam::666666666666:root",
            "lambda.amazonaws.com",
        ];
        assert_eq!(principals(policy), expected);
        let one = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}}}"#;
        assert_eq!(principals(one), ["*"]);
        assert_eq!(principals("{}"), ["nobody"]);
    }
}

//! The snapshot policy.

use aws_sdk_dlm::types::{
    CreateRule, IntervalUnitValues, PolicyDetails, PolicyTypeValues, ResourceTypeValues,
    RetainRule, RetentionIntervalUnitValues, Schedule, SettablePolicyStateValues, Tag as DlmTag,
};

use nex_plan::CancelToken;

use super::{Writer, tag_changes};
use crate::aws::Error;
use crate::aws::codes::Condition;
use crate::aws::number::to_sdk;
use crate::aws::retry::{OnlyThrottled, Wait};
use crate::model::SnapshotPolicy;
use crate::names::Tags;

impl Writer {
    pub(super) async fn create_snapshot_policy(
        &self,
        new: &SnapshotPolicy,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        const CALL: &str = "CreateLifecyclePolicy";
        let call = || async {
            let request = self.aws.dlm.create_lifecycle_policy();
            let request = request
                .description(&new.name)
                .execution_role_arn(&new.role_arn)
                .state(state(new))
                .policy_details(details(new))
                .set_tags(Some(new.tags.clone().into_iter().collect()));
            let once = aws_sdk_dlm::config::Builder::new().retry_classifier(OnlyThrottled);
            let answer = request.customize().config_override(once).send().await;
            answer.map_err(Error::call(CALL, &new.name))
        };
        // The service assumes the role, which IAM may not allow yet.
        let wait = Wait::for_propagation(&new.name, cancel);
        let answer = wait
            .until_settled(call, |e| e.is(Condition::UnusableRole))
            .await?;
        let lacks = Error::lacks(CALL, &new.name);
        answer.policy_id.ok_or_else(|| lacks("the policy's id"))
    }

    pub(super) async fn update_snapshot_policy(
        &self,
        id: &str,
        old: &SnapshotPolicy,
        new: &SnapshotPolicy,
    ) -> Result<(), Error> {
        let without_tags = |policy: &SnapshotPolicy| SnapshotPolicy {
            tags: Tags::new(),
            ..policy.clone()
        };
        if without_tags(old) != without_tags(new) {
            let request = self.aws.dlm.update_lifecycle_policy().policy_id(id);
            let answer = request
                .execution_role_arn(&new.role_arn)
                .state(state(new))
                .policy_details(details(new))
                .send()
                .await;
            answer.map_err(Error::call("UpdateLifecyclePolicy", &new.name))?;
        }
        self.tag_snapshot_policy(id, new, &old.tags, &new.tags)
            .await
    }

    pub(super) async fn tag_snapshot_policy(
        &self,
        id: &str,
        policy: &SnapshotPolicy,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), Error> {
        // arn:PARTITION:iam::ACCOUNT:role/NAME has all parts of the policy's own ARN.
        let role: Vec<&str> = policy.role_arn.split(':').collect();
        let (partition, account) = match role[..] {
            [_, partition, _, _, account, ..] => (partition, account),
            _ => ("aws", ""),
        };
        let region = &self.aws.region;
        let arn = format!("arn:{partition}:dlm:{region}:{account}:policy/{id}");
        let (set, gone) = tag_changes(old, new);
        if !set.is_empty() {
            let request = self.aws.dlm.tag_resource().resource_arn(&arn);
            let tags = set.into_iter().collect();
            let answer = request.set_tags(Some(tags)).send().await;
            answer.map_err(Error::call("TagResource", &policy.name))?;
        }
        if !gone.is_empty() {
            let request = self.aws.dlm.untag_resource().resource_arn(&arn);
            let answer = request.set_tag_keys(Some(gone)).send().await;
            answer.map_err(Error::call("UntagResource", &policy.name))?;
        }
        Ok(())
    }

    pub(super) async fn delete_snapshot_policy(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.dlm.delete_lifecycle_policy().policy_id(id);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeleteLifecyclePolicy", id))
    }
}

fn state(policy: &SnapshotPolicy) -> SettablePolicyStateValues {
    if policy.enabled {
        SettablePolicyStateValues::Enabled
    } else {
        SettablePolicyStateValues::Disabled
    }
}

fn details(policy: &SnapshotPolicy) -> PolicyDetails {
    let create = CreateRule::builder()
        .interval(to_sdk(policy.interval_hours))
        .interval_unit(IntervalUnitValues::Hours)
        .times(&policy.at)
        .build();
    let retain = RetainRule::builder()
        .set_interval(policy.keep_days.map(to_sdk))
        .interval_unit(RetentionIntervalUnitValues::Days)
        .build();
    let schedule = Schedule::builder()
        .name("daily")
        .copy_tags(policy.copy_tags)
        .create_rule(create)
        .retain_rule(retain)
        .build();
    let targets = policy.targets.iter();
    let targets = targets.map(|(k, v)| DlmTag::builder().key(k).value(v).build());
    PolicyDetails::builder()
        .policy_type(PolicyTypeValues::EbsSnapshotManagement)
        .resource_types(ResourceTypeValues::Volume)
        .set_target_tags(Some(targets.collect()))
        .schedules(schedule)
        .build()
}

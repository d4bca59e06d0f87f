//! The snapshot policy.

use aws_sdk_dlm::types::{
    GettablePolicyStateValues, LifecyclePolicy, LifecyclePolicySummary, RetentionIntervalUnitValues,
};

use super::instance::Parts as ServerParts;
use super::{Found, Reader};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::number::from_sdk;
use crate::model::SnapshotPolicy;
use crate::names::Tags;

const CALL: &str = "GetLifecyclePolicy";

impl Reader {
    pub(super) async fn snapshot_policy_ids(&self) -> Result<Vec<String>, Error> {
        let name = self.names.snapshots();
        let answer = self.aws.dlm.get_lifecycle_policies().send().await;
        let answer = answer.map_err(Error::call("GetLifecyclePolicies", &name))?;
        let summaries = answer.policies.unwrap_or_default();
        let adopted = self.adopting.as_ref().map(|(_, id)| id.as_str());
        let is_ours = |p: &LifecyclePolicySummary| {
            adopted.is_some_and(|id| p.policy_id() == Some(id))
                || p.description() == Some(&name)
                || p.tags().and_then(|t| t.get("Name")) == Some(&name)
        };
        let ids = summaries
            .into_iter()
            .filter(is_ours)
            .filter_map(|p| p.policy_id);
        Ok(ids.collect())
    }

    pub(super) async fn snapshot_policies(
        &self,
        parts: &ServerParts,
    ) -> Result<Vec<LifecyclePolicy>, Error> {
        let mut policies = vec![];
        for id in &parts.snapshot_policies {
            let answer = self.aws.dlm.get_lifecycle_policy().policy_id(id).send();
            let answer = if_found(answer.await.map_err(Error::call(CALL, id)))?;
            policies.extend(answer.and_then(|a| a.policy));
        }
        Ok(policies)
    }

    pub(super) fn collect_snapshots(
        &self,
        policies: Vec<LifecyclePolicy>,
        found: &mut Found,
    ) -> Result<(), Error> {
        for policy in policies {
            let tags: Tags = policy
                .tags()
                .cloned()
                .unwrap_or_default()
                .into_iter()
                .collect();
            let lacks = Error::lacks(CALL, &self.names.snapshots());
            let id = policy.policy_id();
            let id = id.ok_or_else(|| lacks("a policy's id"))?.to_owned();
            let role = policy.execution_role_arn();
            let role = role.ok_or_else(|| lacks("an execution role"))?;
            let details = policy.policy_details();
            let schedule = details.and_then(|d| d.schedules().first());
            let create = schedule.and_then(|s| s.create_rule());
            let retain = schedule.and_then(|s| s.retain_rule());
            let resource = SnapshotPolicy {
                name: self.names.snapshots(),
                role_arn: role.to_owned(),
                enabled: policy.state() == Some(&GettablePolicyStateValues::Enabled),
                targets: details
                    .map(|d| d.target_tags())
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|t| Some((t.key()?.to_owned(), t.value()?.to_owned())))
                    .collect(),
                schedules: details.map_or(0, |d| d.schedules().len() as u32),
                interval_hours: create.and_then(|c| c.interval()).map_or(0, from_sdk),
                at: create
                    .and_then(|c| c.times().first().cloned())
                    .unwrap_or_default(),
                // The diff shows a count or another unit.
                keep_days: retain
                    .filter(|r| r.interval_unit() == Some(&RetentionIntervalUnitValues::Days))
                    .and_then(|r| r.interval())
                    .map(from_sdk),
                copy_tags: schedule.and_then(|s| s.copy_tags()).unwrap_or_default(),
                tags: self.ours(tags.clone()),
            };
            let owner = self.names.owner(&tags);
            found.add(id, owner, resource)?;
        }
        Ok(())
    }
}

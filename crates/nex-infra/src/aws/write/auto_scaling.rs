//! The Auto Scaling group with its hook and policy.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types::{
    InstanceLifecyclePolicy, InstancesDistribution, LaunchTemplate as GroupTemplate,
    LaunchTemplateOverrides, LaunchTemplateSpecification, MetricType, MixedInstancesPolicy,
    PredefinedMetricSpecification, RetentionAction, RetentionTriggers, Tag as GroupTag,
    TargetTrackingConfiguration,
};
use nex_plan::CancelToken;

use super::{Writer, tag_changes};
use crate::aws::Error;
use crate::aws::codes::Condition;
use crate::aws::number::to_sdk;
use crate::aws::retry::Wait;
use crate::ids::SubnetId;
use crate::model::{DesiredScalingGroup, LifecycleHook, ScalingGroup, ScalingPolicy};
use crate::names::Tags;

/// How long a group's instances may take to terminate when the group is deleted.
const GROUP_GONE: Duration = Duration::from_secs(900);

/// The codes of Auto Scaling for a group that starts an instance, or that something still uses.
const BUSY: [&str; 2] = ["ResourceInUse", "ScalingActivityInProgress"];

impl Writer {
    pub(super) async fn create_scaling_group(
        &self,
        new: &DesiredScalingGroup,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        let version = self.newest_version(&new.template).await?;
        let call = || async {
            let request = self.aws.autoscaling.create_auto_scaling_group();
            let answer = request
                .auto_scaling_group_name(&new.name)
                .mixed_instances_policy(mixed_policy(new, version, None))
                .vpc_zone_identifier(zones(new))
                .min_size(to_sdk(new.min))
                .max_size(to_sdk(new.max))
                .desired_capacity(to_sdk(new.desired))
                .capacity_rebalance(new.capacity_rebalance)
                .set_tags(Some(group_tags(&new.name, &new.tags)))
                .send()
                .await;
            answer.map_err(Error::call("CreateAutoScalingGroup", &new.name))
        };
        let wait = Wait::for_propagation(&new.name, cancel);
        wait.until_settled(call, |e| e.is(Condition::UnknownInTemplate))
            .await?;
        Ok(new.name.clone())
    }

    pub(super) async fn update_scaling_group(
        &self,
        old: &ScalingGroup,
        new: &DesiredScalingGroup,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let version = self.newest_version(&new.template).await?;
        let retention = (old.retain_abandoned != new.retain_abandoned).then(|| {
            let action = if new.retain_abandoned {
                RetentionAction::Retain
            } else {
                RetentionAction::Terminate
            };
            let triggers = RetentionTriggers::builder().terminate_hook_abandon(action);
            InstanceLifecyclePolicy::builder()
                .retention_triggers(triggers.build())
                .build()
        });
        let call = || async {
            let request = self.aws.autoscaling.update_auto_scaling_group();
            let answer = request
                .auto_scaling_group_name(&new.name)
                .mixed_instances_policy(mixed_policy(new, version, Some(old)))
                .vpc_zone_identifier(zones(new))
                .min_size(to_sdk(new.min))
                .max_size(to_sdk(new.max))
                .capacity_rebalance(new.capacity_rebalance)
                .set_instance_lifecycle_policy(retention.clone())
                .send()
                .await;
            answer.map_err(Error::call("UpdateAutoScalingGroup", &new.name))
        };
        let wait = Wait::for_propagation(&new.name, cancel);
        wait.until_settled(call, |e| e.is(Condition::UnknownInTemplate))
            .await?;
        self.resume(&new.name, &old.suspended).await?;
        self.tag_group(&new.name, &old.tags, &new.tags).await
    }

    async fn resume(&self, name: &str, suspended: &BTreeSet<String>) -> Result<(), Error> {
        if suspended.is_empty() {
            return Ok(());
        }
        let processes = suspended.iter().cloned().collect();
        let request = self.aws.autoscaling.resume_processes();
        let request = request.auto_scaling_group_name(name);
        let answer = request.set_scaling_processes(Some(processes)).send().await;
        answer
            .map(drop)
            .map_err(Error::call("ResumeProcesses", name))
    }

    pub(super) async fn tag_group(&self, name: &str, old: &Tags, new: &Tags) -> Result<(), Error> {
        let (set, gone) = tag_changes(old, new);
        if !set.is_empty() {
            let request = self.aws.autoscaling.create_or_update_tags();
            let answer = request.set_tags(Some(group_tags(name, &set))).send().await;
            answer.map_err(Error::call("CreateOrUpdateTags", name))?;
        }
        if !gone.is_empty() {
            let gone: Tags = gone.into_iter().map(|k| (k, String::new())).collect();
            let request = self.aws.autoscaling.delete_tags();
            let answer = request.set_tags(Some(group_tags(name, &gone))).send().await;
            answer.map_err(Error::call("DeleteTags", name))?;
        }
        Ok(())
    }

    pub(super) async fn delete_scaling_group(
        &self,
        name: &str,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let call = || async {
            let request = self.aws.autoscaling.delete_auto_scaling_group();
            let request = request.auto_scaling_group_name(name).force_delete(true);
            let answer = request.send().await;
            answer.map_err(Error::call("DeleteAutoScalingGroup", name))
        };
        let is_busy = |e: &Error| BUSY.iter().any(|code| e.has_code(code));
        let wait = Wait::for_release(name, cancel);
        wait.until_settled(call, is_busy).await?;
        let wait = Wait {
            about: name,
            state: "gone",
            limit: GROUP_GONE,
            cancel,
        };
        let look = || async {
            let request = self.aws.autoscaling.describe_auto_scaling_groups();
            let answer = request.auto_scaling_group_names(name).send().await;
            let answer = answer.map_err(Error::call("DescribeAutoScalingGroups", name))?;
            Ok(answer.auto_scaling_groups().is_empty().then_some(()))
        };
        wait.until(look).await
    }

    pub(super) async fn put_hook(&self, new: &LifecycleHook) -> Result<String, Error> {
        let request = self.aws.autoscaling.put_lifecycle_hook();
        request
            .auto_scaling_group_name(&new.group)
            .lifecycle_hook_name(&new.hook)
            .lifecycle_transition(&new.transition)
            .heartbeat_timeout(to_sdk(new.heartbeat_seconds))
            .default_result(&new.default_result)
            .send()
            .await
            .map_err(Error::call("PutLifecycleHook", &new.hook))?;
        Ok(new.hook.clone())
    }

    pub(super) async fn delete_hook(&self, old: &LifecycleHook) -> Result<(), Error> {
        let request = self.aws.autoscaling.delete_lifecycle_hook();
        let request = request.auto_scaling_group_name(&old.group);
        let answer = request.lifecycle_hook_name(&old.hook).send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeleteLifecycleHook", &old.hook))
    }

    pub(super) async fn put_scaling_policy(&self, new: &ScalingPolicy) -> Result<String, Error> {
        let metric = PredefinedMetricSpecification::builder()
            .predefined_metric_type(MetricType::from(new.metric.as_str()))
            .build();
        let tracking = TargetTrackingConfiguration::builder()
            .predefined_metric_specification(metric)
            .target_value(f64::from(new.target_percent))
            .build();
        let request = self.aws.autoscaling.put_scaling_policy();
        request
            .auto_scaling_group_name(&new.group)
            .policy_name(&new.policy)
            .policy_type("TargetTrackingScaling")
            .target_tracking_configuration(tracking)
            .send()
            .await
            .map_err(Error::call("PutScalingPolicy", &new.policy))?;
        Ok(new.policy.clone())
    }

    pub(super) async fn delete_scaling_policy(&self, old: &ScalingPolicy) -> Result<(), Error> {
        let request = self.aws.autoscaling.delete_policy();
        let request = request.auto_scaling_group_name(&old.group);
        let answer = request.policy_name(&old.policy).send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeletePolicy", &old.policy))
    }
}

fn zones(group: &DesiredScalingGroup) -> String {
    let subnets: Vec<&str> = group.subnets.iter().map(SubnetId::as_str).collect();
    subnets.join(",")
}

fn group_tags(group: &str, tags: &Tags) -> Vec<GroupTag> {
    let tag = |(key, value): (&String, &String)| {
        GroupTag::builder()
            .resource_id(group)
            .resource_type("auto-scaling-group")
            .key(key)
            .value(value)
            .propagate_at_launch(true)
            .build()
    };
    tags.iter().map(tag).collect()
}

/// The policy of a new group, or of a group that was `old` before. An update keeps what the call leaves out.
fn mixed_policy(
    group: &DesiredScalingGroup,
    version: i64,
    old: Option<&ScalingGroup>,
) -> MixedInstancesPolicy {
    let had_price = old.is_some_and(|old| old.spot_max_price.is_some());
    // Only the strategy `lowest-price` takes a number of pools, and 0 removes the number.
    let had_pools = old.is_some_and(|old| old.spot_strategy == "lowest-price");
    let specification = LaunchTemplateSpecification::builder()
        .launch_template_name(&group.template)
        .version(version.to_string())
        .build();
    let overrides = group.instance_types.iter();
    let overrides = overrides.map(|t| LaunchTemplateOverrides::builder().instance_type(t).build());
    let template = GroupTemplate::builder()
        .launch_template_specification(specification)
        .set_overrides(Some(overrides.collect()))
        .build();
    let spread = InstancesDistribution::builder()
        .on_demand_base_capacity(to_sdk(group.on_demand_base))
        .on_demand_percentage_above_base_capacity(to_sdk(group.on_demand_percent))
        .spot_allocation_strategy(&group.spot_strategy)
        .set_spot_max_price(had_price.then(String::new))
        .set_spot_instance_pools(had_pools.then_some(0))
        .build();
    MixedInstancesPolicy::builder()
        .launch_template(template)
        .instances_distribution(spread)
        .build()
}

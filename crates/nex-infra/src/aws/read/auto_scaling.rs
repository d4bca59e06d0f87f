//! The Auto Scaling group with its hook and policy.

use aws_sdk_autoscaling::types::{
    AutoScalingGroup as DescribedGroup, Instance, LifecycleHook as DescribedHook, LifecycleState,
    ScalingActivityStatusCode, ScalingPolicy as DescribedPolicy,
};
use aws_sdk_ec2::types::{LaunchTemplate as DescribedTemplate, LaunchTemplateVersion};

use super::{Found, GroupNames, Reader, tags};
use crate::aws::Error;
use crate::aws::codes::Condition;
use crate::aws::number::from_sdk;
use crate::facts::FleetState;
use crate::ids::SubnetId;
use crate::model::{Key, Kind, LifecycleHook, ScalingGroup, ScalingPolicy, TemplateVersion};

/// The fleet's resources as described.
#[derive(Debug)]
pub(super) struct Parts {
    template: Option<DescribedTemplate>,
    newest: Option<LaunchTemplateVersion>,
    group: Option<DescribedGroup>,
    hooks: Vec<DescribedHook>,
    policies: Vec<DescribedPolicy>,
}

/// A group that does not exist has no hooks and no policies.
fn of_group<T: Default>(result: Result<T, Error>) -> Result<T, Error> {
    match result {
        Err(error) if error.is(Condition::NoSuchScalingGroup) || error.is_not_found() => {
            Ok(T::default())
        }
        other => other,
    }
}

impl Reader {
    pub(super) async fn scaling_parts(&self) -> Result<Parts, Error> {
        let (template, newest, group, hooks, policies) = tokio::try_join!(
            self.template(),
            self.newest_version(),
            self.scaling_group(),
            self.hooks(),
            self.scaling_policies(),
        )?;
        Ok(Parts {
            template,
            newest,
            group,
            hooks,
            policies,
        })
    }

    async fn scaling_group(&self) -> Result<Option<DescribedGroup>, Error> {
        let name = self.names.fleet();
        let request = self.aws.autoscaling.describe_auto_scaling_groups();
        let answer = request.auto_scaling_group_names(&name).send().await;
        let answer = answer.map_err(Error::call("DescribeAutoScalingGroups", name))?;
        let groups = answer.auto_scaling_groups.unwrap_or_default();
        // A group that is being deleted carries a status.
        Ok(groups.into_iter().find(|g| g.status().is_none()))
    }

    /// Whether the fleet has an instance in service, by two calls at most.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub async fn fleet(&self) -> Result<FleetState, Error> {
        self.state_of(self.scaling_group().await?.as_ref()).await
    }

    pub(super) async fn fleet_state(&self, parts: &Parts) -> Result<FleetState, Error> {
        self.state_of(parts.group.as_ref()).await
    }

    /// Creating a group succeeds even if no instance can start.
    async fn state_of(&self, group: Option<&DescribedGroup>) -> Result<FleetState, Error> {
        let Some(group) = group.filter(|group| group.desired_capacity() != Some(0)) else {
            return Ok(FleetState::Empty);
        };
        let in_service = Some(&LifecycleState::InService);
        let serves = |i: &Instance| i.lifecycle_state() == in_service;
        if group.instances().iter().any(serves) {
            return Ok(FleetState::InService);
        }
        let name = self.names.fleet();
        let request = self.aws.autoscaling.describe_scaling_activities();
        let request = request.auto_scaling_group_name(&name).max_records(10);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("DescribeScalingActivities", name));
        let activities = of_group(answer.map(|a| a.activities.unwrap_or_default()))?;
        let failed = Some(&ScalingActivityStatusCode::Failed);
        let failed = activities.iter().find(|a| a.status_code() == failed);
        let why = failed.and_then(|a| a.status_message().map(str::to_owned));
        Ok(why.map_or(FleetState::Starting, FleetState::Failing))
    }

    async fn hooks(&self) -> Result<Vec<DescribedHook>, Error> {
        let name = self.names.fleet();
        let request = self.aws.autoscaling.describe_lifecycle_hooks();
        let answer = request.auto_scaling_group_name(&name).send().await;
        let answer = answer.map_err(Error::call("DescribeLifecycleHooks", name));
        of_group(answer.map(|a| a.lifecycle_hooks.unwrap_or_default()))
    }

    async fn scaling_policies(&self) -> Result<Vec<DescribedPolicy>, Error> {
        let name = self.names.fleet();
        let request = self.aws.autoscaling.describe_policies();
        let answer = request.auto_scaling_group_name(&name).send().await;
        let answer = answer.map_err(Error::call("DescribePolicies", name));
        of_group(answer.map(|a| a.scaling_policies.unwrap_or_default()))
    }

    pub(super) fn collect_scaling(
        &self,
        parts: Parts,
        groups: &GroupNames,
        found: &mut Found,
    ) -> Result<(), Error> {
        let newest = parts.newest.as_ref().and_then(|v| v.version_number());
        if let (Some(template), Some(version)) = (parts.template, parts.newest) {
            self.collect_template(template, version, groups, found)?;
        }
        let Some(group) = parts.group else {
            return Ok(());
        };
        self.collect_scaling_group(group, newest, found)?;
        let group = self.names.fleet();
        let owner = found.owner(&Key::new(Kind::AutoScalingGroup, &group));
        let lacks = Error::lacks("DescribeLifecycleHooks", &group);
        for hook in parts.hooks {
            let name = hook.lifecycle_hook_name;
            let timeout = hook.heartbeat_timeout;
            let resource = LifecycleHook {
                group: group.clone(),
                hook: name.ok_or_else(|| lacks("a hook's name"))?,
                transition: hook
                    .lifecycle_transition
                    .ok_or_else(|| lacks("a transition"))?,
                heartbeat_seconds: from_sdk(timeout.ok_or_else(|| lacks("a heartbeat timeout"))?),
                default_result: hook
                    .default_result
                    .ok_or_else(|| lacks("a default result"))?,
            };
            found.add(resource.hook.clone(), owner.clone(), resource)?;
        }
        let lacks = Error::lacks("DescribePolicies", &group);
        for policy in parts.policies {
            let tracking = policy.target_tracking_configuration();
            let metric = tracking.and_then(|t| t.predefined_metric_specification());
            let metric = metric.and_then(|m| m.predefined_metric_type());
            let target = tracking.and_then(|t| t.target_value());
            let resource = ScalingPolicy {
                group: group.clone(),
                // Another owner's policy may track no predefined metric; the diff shows that.
                metric: metric.map(|m| m.as_str().to_owned()).unwrap_or_default(),
                // nex sets whole percentages. A fraction that someone else set is rounded.
                target_percent: target.map(|t| t.round() as u32).unwrap_or_default(),
                policy: policy.policy_name.ok_or_else(|| lacks("a policy's name"))?,
            };
            found.add(resource.policy.clone(), owner.clone(), resource)?;
        }
        Ok(())
    }

    fn collect_scaling_group(
        &self,
        group: DescribedGroup,
        newest: Option<i64>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let tags = tags!(group.tags());
        let policy = group.mixed_instances_policy();
        let template = policy.and_then(|p| p.launch_template());
        let specification = template.and_then(|t| t.launch_template_specification());
        let specification = specification.or(group.launch_template());
        let spread = policy.and_then(|p| p.instances_distribution());
        let version = specification
            .and_then(|s| s.version())
            .unwrap_or("$Default");
        let overrides = template.map(|t| t.overrides()).unwrap_or_default();
        let retained = group.instance_lifecycle_policy();
        let retained = retained.and_then(|p| p.retention_triggers());
        let retained = retained.and_then(|t| t.terminate_hook_abandon());
        let lacks = Error::lacks("DescribeAutoScalingGroups", &self.names.fleet());
        let capacity = |n: Option<i32>, missing| n.map(from_sdk).ok_or_else(|| lacks(missing));
        let resource = ScalingGroup {
            name: self.names.fleet(),
            template: specification
                .and_then(|s| s.launch_template_name())
                .unwrap_or_default()
                .to_owned(),
            template_version: match newest.map(|n| n.to_string()) {
                Some(newest) if newest == version => TemplateVersion::Newest,
                _ => TemplateVersion::Other(version.to_owned()),
            },
            subnets: group
                .vpc_zone_identifier()
                .unwrap_or_default()
                .split(',')
                .map(str::trim)
                .filter(|s| !s.is_empty())
                .map(SubnetId::new)
                .collect(),
            min: capacity(group.min_size(), "a minimum size")?,
            max: capacity(group.max_size(), "a maximum size")?,
            desired: capacity(group.desired_capacity(), "a desired capacity")?,
            instance_types: overrides
                .iter()
                .filter_map(|o| o.instance_type().map(str::to_owned))
                .collect(),
            on_demand_base: spread
                .and_then(|s| s.on_demand_base_capacity())
                .map_or(0, from_sdk),
            on_demand_percent: spread
                .and_then(|s| s.on_demand_percentage_above_base_capacity())
                .map_or(100, from_sdk),
            spot_strategy: spread
                .and_then(|s| s.spot_allocation_strategy())
                .unwrap_or("lowest-price")
                .to_owned(),
            spot_max_price: spread
                .and_then(|s| s.spot_max_price())
                .filter(|price| !price.is_empty())
                .map(str::to_owned),
            suspended: group
                .suspended_processes()
                .iter()
                .filter_map(|p| p.process_name().map(str::to_owned))
                .collect(),
            capacity_rebalance: group.capacity_rebalance().unwrap_or(false),
            retain_abandoned: retained.is_some_and(|r| r.as_str() == "retain"),
            tags: self.ours(tags.clone()),
        };
        let owner = self.names.owner(&tags);
        found.add(self.names.fleet(), owner, resource)?;
        Ok(())
    }
}

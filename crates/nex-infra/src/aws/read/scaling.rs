//! The launch template and the Auto Scaling group with its hook and policy.

use aws_sdk_autoscaling::types::{
    AutoScalingGroup as DescribedGroup, LifecycleHook as DescribedHook,
    ScalingPolicy as DescribedPolicy,
};
use aws_sdk_ec2::types::{
    LaunchTemplate as DescribedTemplate, LaunchTemplateHttpTokensState, LaunchTemplateVersion,
    ResponseLaunchTemplateData,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::ground::filter;
use super::{Found, GroupNames, Reader, tags};
use crate::aws::Error;
use crate::aws::error::found as if_found;
use crate::model::{
    Disk, Image, Key, Kind, LaunchTemplate, LifecycleHook, Metadata, ScalingGroup, ScalingPolicy,
    TemplateVersion,
};
use crate::names::Tags;

/// What was found.
#[derive(Debug)]
pub(super) struct Parts {
    template: Option<DescribedTemplate>,
    newest: Option<LaunchTemplateVersion>,
    group: Option<DescribedGroup>,
    hooks: Vec<DescribedHook>,
    policies: Vec<DescribedPolicy>,
}

/// A group that is not there is an error for its hooks and policies, and the same code stands for any bad input.
fn of_a_group<T: Default>(result: Result<T, Error>) -> Result<T, Error> {
    match result {
        Err(error) if error.says("not found") || error.is_not_found() => Ok(T::default()),
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

    async fn template(&self) -> Result<Option<DescribedTemplate>, Error> {
        let name = self.names.fleet();
        let request = self.aws.ec2.describe_launch_templates();
        let answer = request
            .filters(filter("launch-template-name", [&name]))
            .send()
            .await
            .map_err(Error::call("DescribeLaunchTemplates", name))?;
        Ok(answer
            .launch_templates
            .unwrap_or_default()
            .into_iter()
            .next())
    }

    async fn newest_version(&self) -> Result<Option<LaunchTemplateVersion>, Error> {
        let name = self.names.fleet();
        let request = self.aws.ec2.describe_launch_template_versions();
        let answer = request
            .launch_template_name(&name)
            .versions("$Latest")
            .send()
            .await
            .map_err(Error::call("DescribeLaunchTemplateVersions", name));
        let versions = if_found(answer)?.and_then(|a| a.launch_template_versions);
        Ok(versions
            .unwrap_or_default()
            .into_iter()
            .max_by_key(|v| v.version_number()))
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

    async fn hooks(&self) -> Result<Vec<DescribedHook>, Error> {
        let name = self.names.fleet();
        let request = self.aws.autoscaling.describe_lifecycle_hooks();
        let answer = request.auto_scaling_group_name(&name).send().await;
        let answer = answer.map_err(Error::call("DescribeLifecycleHooks", name));
        of_a_group(answer.map(|a| a.lifecycle_hooks.unwrap_or_default()))
    }

    async fn scaling_policies(&self) -> Result<Vec<DescribedPolicy>, Error> {
        let name = self.names.fleet();
        let request = self.aws.autoscaling.describe_policies();
        let answer = request.auto_scaling_group_name(&name).send().await;
        let answer = answer.map_err(Error::call("DescribePolicies", name));
        of_a_group(answer.map(|a| a.scaling_policies.unwrap_or_default()))
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
        self.collect_group(group, newest, found);
        let group = self.names.fleet();
        let owner = found.owner(&Key::new(Kind::AutoScalingGroup, &group));
        for hook in parts.hooks {
            let resource = LifecycleHook {
                group: group.clone(),
                hook: hook.lifecycle_hook_name.unwrap_or_default(),
                transition: hook.lifecycle_transition.unwrap_or_default(),
                heartbeat_seconds: hook.heartbeat_timeout.unwrap_or_default(),
                default_result: hook.default_result.unwrap_or_default(),
            };
            found.add(resource.hook.clone(), owner, resource);
        }
        for policy in parts.policies {
            let tracking = policy.target_tracking_configuration();
            let metric = tracking.and_then(|t| t.predefined_metric_specification());
            let metric = metric.and_then(|m| m.predefined_metric_type());
            let target = tracking.and_then(|t| t.target_value());
            let resource = ScalingPolicy {
                group: group.clone(),
                metric: metric.map(|m| m.as_str().to_owned()).unwrap_or_default(),
                // nex sets whole percents; what others set is shown rounded and set anew.
                target_percent: target.map(|t| t.round() as i32).unwrap_or_default(),
                policy: policy.policy_name.unwrap_or_default(),
            };
            found.add(resource.policy.clone(), owner, resource);
        }
        Ok(())
    }

    fn collect_template(
        &self,
        template: DescribedTemplate,
        version: LaunchTemplateVersion,
        groups: &GroupNames,
        found: &mut Found,
    ) -> Result<(), Error> {
        let tags = tags!(template.tags());
        let newest_is_default = version.default_version().unwrap_or(false);
        let Some(data) = version.launch_template_data else {
            return Ok(());
        };
        let options = data.metadata_options();
        let profile = data.iam_instance_profile();
        let instance_tags = data.tag_specifications();
        let resource = LaunchTemplate {
            name: self.names.fleet(),
            image: Image {
                id: data.image_id().unwrap_or_default().to_owned(),
                pinned: false,
            },
            instance_type: data
                .instance_type()
                .map(|t| t.as_str().to_owned())
                .unwrap_or_default(),
            security_groups: data
                .security_group_ids()
                .iter()
                .map(|id| groups.reference(id))
                .collect(),
            profile: profile.and_then(|p| p.name()).map(str::to_owned),
            disk: disk(&data),
            metadata: Metadata {
                token_required: options.and_then(|o| o.http_tokens())
                    == Some(&LaunchTemplateHttpTokensState::Required),
                hop_limit: options
                    .and_then(|o| o.http_put_response_hop_limit())
                    .unwrap_or(1),
            },
            credits: data
                .credit_specification()
                .and_then(|c| c.cpu_credits().map(str::to_owned)),
            user_data: decoded(data.user_data().unwrap_or_default()),
            instance_tags: same_tags(instance_tags.iter().map(|s| tags!(s.tags()))),
            newest_is_default,
            tags: self.ours(tags.clone()),
        };
        let owner = self.owner(&tags);
        found.add(
            template.launch_template_id.unwrap_or_default(),
            owner,
            resource,
        );
        Ok(())
    }

    fn collect_group(&self, group: DescribedGroup, newest: Option<i64>, found: &mut Found) {
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
                .map(|s| s.trim().to_owned())
                .filter(|s| !s.is_empty())
                .collect(),
            min: group.min_size().unwrap_or_default(),
            max: group.max_size().unwrap_or_default(),
            desired: group.desired_capacity().unwrap_or_default(),
            instance_types: overrides
                .iter()
                .filter_map(|o| o.instance_type().map(str::to_owned))
                .collect(),
            on_demand_base: spread
                .and_then(|s| s.on_demand_base_capacity())
                .unwrap_or(0),
            on_demand_percent: spread
                .and_then(|s| s.on_demand_percentage_above_base_capacity())
                .unwrap_or(100),
            spot_strategy: spread
                .and_then(|s| s.spot_allocation_strategy())
                .unwrap_or("lowest-price")
                .to_owned(),
            capacity_rebalance: group.capacity_rebalance().unwrap_or(false),
            retain_abandoned: retained.is_some_and(|r| r.as_str() == "retain"),
            tags: self.ours(tags.clone()),
        };
        let owner = self.owner(&tags);
        found.add(self.names.fleet(), owner, resource);
    }
}

fn disk(data: &ResponseLaunchTemplateData) -> Disk {
    let ebs = data.block_device_mappings().first().and_then(|m| m.ebs());
    Disk {
        size_gb: ebs.and_then(|e| e.volume_size()).unwrap_or_default(),
        volume_type: ebs
            .and_then(|e| e.volume_type())
            .map(|t| t.as_str().to_owned())
            .unwrap_or_default(),
        encrypted: ebs.and_then(|e| e.encrypted()).unwrap_or(false),
        delete_on_termination: ebs.and_then(|e| e.delete_on_termination()).unwrap_or(true),
    }
}

/// User data that is no text can't be ours; it shows as a difference.
fn decoded(user_data: &str) -> String {
    let bytes = BASE64.decode(user_data).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// The tags, if all specifications carry the same; a template where they differ shows none, and so a difference.
fn same_tags(mut specifications: impl Iterator<Item = Tags>) -> Tags {
    let first = specifications.next().unwrap_or_default();
    match specifications.all(|other| other == first) {
        true => first,
        false => Tags::new(),
    }
}

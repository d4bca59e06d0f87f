//! The launch template and the Auto Scaling group with its hook and policy.

use std::sync::PoisonError;
use std::time::Duration;

use aws_sdk_autoscaling::types::{
    InstanceLifecyclePolicy, InstancesDistribution, LaunchTemplate as GroupTemplate,
    LaunchTemplateOverrides, LaunchTemplateSpecification, MetricType, MixedInstancesPolicy,
    PredefinedMetricSpecification, RetentionAction, RetentionTriggers, Tag as GroupTag,
    TargetTrackingConfiguration,
};
use aws_sdk_ec2::types::{
    CreditSpecificationRequest, InstanceType, LaunchTemplateBlockDeviceMappingRequest,
    LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateHttpTokensState,
    LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateTagSpecificationRequest,
    RequestLaunchTemplateData, ResourceType, VolumeType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::retry::{until, until_known};
use super::traffic::{group_ids, tagged};
use super::{Writer, sdk_tags, tag_changes};
use crate::aws::Error;
use crate::diff::{changes, makes_version};
use crate::io::Ids;
use crate::model::{Key, Kind, LaunchTemplate, LifecycleHook, ScalingGroup, ScalingPolicy};
use crate::names::Tags;

/// The root device of Amazon Linux 2023 images.
const ROOT_DEVICE: &str = "/dev/xvda";

/// How long a group's instances may take to end when the group is deleted.
const GROUP_GONE: Duration = Duration::from_secs(900);

impl Writer {
    pub(super) async fn create_template(
        &self,
        new: &LaunchTemplate,
        ids: &Ids,
    ) -> Result<String, Error> {
        const CALL: &str = "CreateLaunchTemplate";
        let request = self.aws.ec2.create_launch_template();
        // The SDK's own token guards its tries. One of ours could name a template that has come and gone; two of one
        // name there can't be.
        let answer = request
            .launch_template_name(&new.name)
            .launch_template_data(template_data(new, ids)?)
            .tag_specifications(tagged(ResourceType::LaunchTemplate, &new.tags))
            .send()
            .await
            .map_err(Error::call(CALL, &new.name))?;
        let template = answer.launch_template.as_ref();
        let version = template.and_then(|t| t.latest_version_number());
        self.note_version(&new.name, version.unwrap_or(1));
        let id = template.and_then(|t| t.launch_template_id());
        id.map(str::to_owned).ok_or_else(|| Error::Answer {
            operation: CALL,
            about: new.name.clone(),
            lacks: "the template's id",
        })
    }

    pub(super) async fn update_template(
        &self,
        id: &str,
        old: &LaunchTemplate,
        new: &LaunchTemplate,
        ids: &Ids,
    ) -> Result<(), Error> {
        self.tag_ec2(id, &old.tags, &new.tags).await?;
        let mut version = self.newest_version(&new.name).await?;
        // Asked of the diff, so that a newer image alone makes no version here either.
        if makes_version(&changes(&new.clone().into(), &old.clone().into())) {
            version = self.create_version(id, new, version, ids).await?;
        }
        self.note_version(&new.name, version);
        let request = self.aws.ec2.modify_launch_template().launch_template_id(id);
        let answer = request.default_version(version.to_string()).send().await;
        answer
            .map(drop)
            .map_err(Error::call("ModifyLaunchTemplate", &new.name))
    }

    async fn create_version(
        &self,
        id: &str,
        new: &LaunchTemplate,
        after: i64,
        ids: &Ids,
    ) -> Result<i64, Error> {
        const CALL: &str = "CreateLaunchTemplateVersion";
        // The version before is part of the token: going back to older content makes a version, too. And so are ids: a
        // template or group of the same name may have come and gone.
        let data = template_data(new, ids)?;
        let what = (id, after, data.security_group_ids(), new);
        let token = self.token(&Key::new(Kind::LaunchTemplate, &new.name), what);
        let request = self.aws.ec2.create_launch_template_version();
        let answer = request
            .launch_template_name(&new.name)
            .client_token(token)
            .launch_template_data(data)
            .send()
            .await
            .map_err(Error::call(CALL, &new.name))?;
        let version = answer.launch_template_version();
        version
            .and_then(|v| v.version_number())
            .ok_or_else(|| Error::Answer {
                operation: CALL,
                about: new.name.clone(),
                lacks: "the version's number",
            })
    }

    fn note_version(&self, template: &str, version: i64) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.insert(template.to_owned(), version);
    }

    async fn newest_version(&self, template: &str) -> Result<i64, Error> {
        const CALL: &str = "DescribeLaunchTemplateVersions";
        let noted = {
            let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
            versions.get(template).copied()
        };
        if let Some(version) = noted {
            return Ok(version);
        }
        let request = self.aws.ec2.describe_launch_template_versions();
        let request = request.launch_template_name(template).versions("$Latest");
        let answer = request.send().await;
        let answer = answer.map_err(Error::call(CALL, template))?;
        let versions = answer.launch_template_versions().iter();
        versions
            .filter_map(|v| v.version_number())
            .max()
            .ok_or_else(|| Error::Answer {
                operation: CALL,
                about: template.to_owned(),
                lacks: "a version",
            })
    }

    pub(super) async fn delete_template(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.ec2.delete_launch_template().launch_template_id(id);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeleteLaunchTemplate", id))
    }

    pub(super) async fn create_scaling_group(&self, new: &ScalingGroup) -> Result<String, Error> {
        let version = self.newest_version(&new.template).await?;
        let call = || async {
            let request = self.aws.autoscaling.create_auto_scaling_group();
            let answer = request
                .auto_scaling_group_name(&new.name)
                .mixed_instances_policy(mixed_policy(new, version))
                .vpc_zone_identifier(zones(new))
                .min_size(new.min)
                .max_size(new.max)
                .desired_capacity(new.desired)
                .capacity_rebalance(new.capacity_rebalance)
                .set_tags(Some(group_tags(&new.name, &new.tags)))
                .send()
                .await;
            answer.map_err(Error::call("CreateAutoScalingGroup", &new.name))
        };
        until_known(call, is_unknown).await?;
        Ok(new.name.clone())
    }

    pub(super) async fn update_scaling_group(
        &self,
        old: &ScalingGroup,
        new: &ScalingGroup,
    ) -> Result<(), Error> {
        let version = self.newest_version(&new.template).await?;
        let retention = (old.retain_abandoned != new.retain_abandoned).then(|| {
            let action = match new.retain_abandoned {
                true => RetentionAction::Retain,
                false => RetentionAction::Terminate,
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
                .mixed_instances_policy(mixed_policy(new, version))
                .vpc_zone_identifier(zones(new))
                .min_size(new.min)
                .max_size(new.max)
                .capacity_rebalance(new.capacity_rebalance)
                .set_instance_lifecycle_policy(retention.clone())
                .send()
                .await;
            answer.map_err(Error::call("UpdateAutoScalingGroup", &new.name))
        };
        until_known(call, is_unknown).await?;
        self.tag_group(&new.name, &old.tags, &new.tags).await
    }

    async fn tag_group(&self, name: &str, old: &Tags, new: &Tags) -> Result<(), Error> {
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

    pub(super) async fn delete_scaling_group(&self, name: &str) -> Result<(), Error> {
        let request = self.aws.autoscaling.delete_auto_scaling_group();
        let request = request.auto_scaling_group_name(name).force_delete(true);
        let answer = request.send().await;
        answer.map_err(Error::call("DeleteAutoScalingGroup", name))?;
        until(name, "gone", GROUP_GONE, || async {
            let request = self.aws.autoscaling.describe_auto_scaling_groups();
            let answer = request.auto_scaling_group_names(name).send().await;
            let answer = answer.map_err(Error::call("DescribeAutoScalingGroups", name))?;
            Ok(answer.auto_scaling_groups().is_empty().then_some(()))
        })
        .await
    }

    pub(super) async fn put_hook(&self, new: &LifecycleHook) -> Result<String, Error> {
        let request = self.aws.autoscaling.put_lifecycle_hook();
        request
            .auto_scaling_group_name(&new.group)
            .lifecycle_hook_name(&new.hook)
            .lifecycle_transition(&new.transition)
            .heartbeat_timeout(new.heartbeat_seconds)
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

/// Auto Scaling checks the template and what it names, which it may not have heard of yet.
fn is_unknown(error: &Error) -> bool {
    let words = [
        "Invalid IamInstanceProfile",
        "Invalid IAM Instance Profile",
        "does not exist",
    ];
    words.iter().any(|word| error.says(word))
}

fn zones(group: &ScalingGroup) -> String {
    let subnets: Vec<&str> = group.subnets.iter().map(String::as_str).collect();
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

fn mixed_policy(group: &ScalingGroup, version: i64) -> MixedInstancesPolicy {
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
        .on_demand_base_capacity(group.on_demand_base)
        .on_demand_percentage_above_base_capacity(group.on_demand_percent)
        .spot_allocation_strategy(&group.spot_strategy)
        .build();
    MixedInstancesPolicy::builder()
        .launch_template(template)
        .instances_distribution(spread)
        .build()
}

fn template_data(template: &LaunchTemplate, ids: &Ids) -> Result<RequestLaunchTemplateData, Error> {
    let groups = group_ids(&template.security_groups, &template.name, ids)?;
    let profile = template.profile.as_ref().map(|name| {
        LaunchTemplateIamInstanceProfileSpecificationRequest::builder()
            .name(name)
            .build()
    });
    let disk = &template.disk;
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_size(disk.size_gb)
        .volume_type(VolumeType::from(disk.volume_type.as_str()))
        .encrypted(disk.encrypted)
        .delete_on_termination(disk.delete_on_termination)
        .build();
    let mapping = LaunchTemplateBlockDeviceMappingRequest::builder()
        .device_name(ROOT_DEVICE)
        .ebs(ebs)
        .build();
    let tokens = match template.metadata.token_required {
        true => LaunchTemplateHttpTokensState::Required,
        false => LaunchTemplateHttpTokensState::Optional,
    };
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_tokens(tokens)
        .http_put_response_hop_limit(template.metadata.hop_limit)
        .build();
    let credits = template.credits.as_ref().map(|credits| {
        CreditSpecificationRequest::builder()
            .cpu_credits(credits)
            .build()
    });
    let tagged = [
        ResourceType::Instance,
        ResourceType::Volume,
        ResourceType::NetworkInterface,
    ]
    .map(|kind| {
        LaunchTemplateTagSpecificationRequest::builder()
            .resource_type(kind)
            .set_tags(Some(sdk_tags!(aws_sdk_ec2, template.instance_tags)))
            .build()
    });
    Ok(RequestLaunchTemplateData::builder()
        .image_id(&template.image.id)
        .instance_type(InstanceType::from(template.instance_type.as_str()))
        .set_security_group_ids(Some(groups))
        .set_iam_instance_profile(profile)
        .block_device_mappings(mapping)
        .metadata_options(metadata)
        .set_credit_specification(credits)
        .user_data(BASE64.encode(&template.user_data))
        .set_tag_specifications(Some(tagged.into()))
        .build())
}

//! The fleet's resources.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AMAZON_LINUX_ROOT, DesiredBuilder, image, root_device, root_volume, unfinished_uploads,
};
use crate::model::{
    Bucket, DesiredLaunchTemplate, DesiredResource, DesiredScalingGroup, DesiredSecret, GroupRef,
    LaunchTemplate, LifecycleHook, LifecycleRule, MetadataOptions, NewestVersion, Protocol, Role,
    RootVolume, Rule, ScalingGroup, ScalingPolicy, SecretSource, SecurityGroup,
};
use crate::names::Component::Runner;
use crate::policy;
use crate::spec::Fleet;

/// The hook that holds a terminating instance for its jobs.
pub(super) const TERMINATION_HOOK: &str = "termination-wait";

impl DesiredBuilder<'_> {
    pub(super) fn fleet(&self, fleet: &Fleet) -> Vec<DesiredResource> {
        let logs = &self.spec.logs;
        vec![
            self.fleet_group().into(),
            self.fleet_role().into(),
            self.profile(self.names.fleet(), Runner).into(),
            self.cache_bucket(fleet).into(),
            self.token_secret().into(),
            self.log_group(&self.logs.runner, logs.runner_days, Runner)
                .into(),
            self.log_group(&self.logs.runner_system, logs.runner_system_days, Runner)
                .into(),
            self.launch_template(fleet).into(),
            self.scaling_group(fleet).into(),
            self.hook(fleet).into(),
            self.scaling_policy(fleet).into(),
        ]
    }

    fn fleet_group(&self) -> SecurityGroup {
        let everywhere = "0.0.0.0/0";
        let name = self.names.fleet();
        SecurityGroup {
            description: "GitLab runners: nothing in, HTTPS, HTTP and DNS out".into(),
            vpc: self.facts.vpc.clone(),
            ingress: BTreeSet::new(),
            egress: BTreeSet::from([
                Rule::port(Protocol::Tcp, 443, everywhere),
                Rule::port(Protocol::Tcp, 80, everywhere),
                Rule::port(Protocol::Tcp, 53, everywhere),
                Rule::port(Protocol::Udp, 53, everywhere),
            ]),
            tags: self.named_tags(Runner, &name),
            name,
        }
    }

    fn fleet_role(&self) -> Role {
        let scope = &self.scope;
        let policies = BTreeMap::from([
            (
                "gitlab-runner-s3-cache".to_owned(),
                scope.bucket_objects(&self.buckets.cache, &scope.account, ""),
            ),
            (
                "gitlab-runner-logs".to_owned(),
                scope.write_logs(&self.names.log_group("gitlab-runner", "")),
            ),
            (
                "gitlab-runner-secrets".to_owned(),
                scope.read_secrets(&self.names.secret("gitlab-runner", "")),
            ),
            (
                "gitlab-runner-asg-lifecycle".to_owned(),
                scope.lifecycle(&self.names.fleet()),
            ),
        ]);
        Role {
            name: self.names.fleet(),
            trust: policy::trust(policy::EC2),
            policies,
            managed: self.session_manager(),
            boundary: None,
            tags: self.tags(Runner),
        }
    }

    fn cache_bucket(&self, fleet: &Fleet) -> Bucket {
        let expiry = LifecycleRule {
            prefix: String::new(),
            after_days: Some(fleet.cache_days),
            abort_uploads_days: None,
        };
        Bucket {
            name: self.buckets.cache.clone(),
            public_access_blocked: true,
            policy: Some(self.scope.tls_only(&self.buckets.cache)),
            lifecycle: BTreeMap::from([
                ("cache".to_owned(), expiry),
                ("uploads".to_owned(), unfinished_uploads()),
            ]),
            tags: self.tags(Runner),
        }
    }

    fn token_secret(&self) -> DesiredSecret {
        DesiredSecret {
            name: self.secrets.runner_token.clone(),
            description: "Authentication token of the runners (glrt-...)".into(),
            source: SecretSource::External,
            deleted: self.deleted_value(&self.secrets.runner_token, SecretSource::External),
            tags: self.tags(Runner),
        }
    }

    fn launch_template(&self, fleet: &Fleet) -> DesiredLaunchTemplate {
        let name = self.names.fleet();
        let types = &self.facts.machines.types;
        let bursts = |name: &String| types.get(name).is_some_and(|machine| machine.is_burstable);
        let burstable = fleet.instance_types.iter().all(bursts);
        let device = root_device(self.facts, fleet.image.as_ref(), AMAZON_LINUX_ROOT);
        LaunchTemplate {
            image: image(fleet.image.as_ref(), &self.facts.images.fleet),
            instance_type: fleet.instance_types.first().cloned().unwrap_or_default(),
            security_groups: BTreeSet::from([GroupRef::Named(name.clone())]),
            profile: Some(name.clone()),
            root_volume: RootVolume {
                delete_on_termination: true,
                ..root_volume(device, fleet.volume_gb)
            },
            metadata: MetadataOptions::STRICT,
            // EC2 accepts credits for burstable types only.
            credits: burstable.then(|| fleet.credits.as_str().to_owned()),
            user_data: self.inputs.user_data.fleet.clone(),
            other_settings: BTreeSet::new(),
            instance_tags: self.named_tags(Runner, &name),
            newest_is_default: true,
            tags: self.named_tags(Runner, &name),
            name,
        }
    }

    fn scaling_group(&self, fleet: &Fleet) -> DesiredScalingGroup {
        let name = self.names.fleet();
        ScalingGroup {
            template: name.clone(),
            template_version: NewestVersion,
            subnets: self.facts.private_subnets.iter().cloned().collect(),
            min: fleet.min,
            max: fleet.max,
            desired: fleet.desired,
            instance_types: fleet.instance_types.clone(),
            on_demand_base: fleet.on_demand_base,
            on_demand_percent: 100_u32.saturating_sub(fleet.spot_percent),
            spot_strategy: "price-capacity-optimized".into(),
            spot_max_price: None,
            suspended: BTreeSet::new(),
            capacity_rebalance: true,
            retain_abandoned: false,
            tags: self.named_tags(Runner, &name),
            name,
        }
    }

    fn hook(&self, fleet: &Fleet) -> LifecycleHook {
        LifecycleHook {
            group: self.names.fleet(),
            hook: TERMINATION_HOOK.to_owned(),
            transition: "autoscaling:EC2_INSTANCE_TERMINATING".into(),
            heartbeat_seconds: fleet.drain_seconds,
            default_result: "CONTINUE".into(),
        }
    }

    fn scaling_policy(&self, fleet: &Fleet) -> ScalingPolicy {
        ScalingPolicy {
            group: self.names.fleet(),
            policy: "cpu".into(),
            metric: "ASGAverageCPUUtilization".into(),
            target_percent: fleet.target_cpu_percent,
        }
    }
}

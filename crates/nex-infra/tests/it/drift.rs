//! Every way in which an existing resource can differ from the desired one: one drift per field of each kind.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use nex_infra::model::{
    GroupRef, Kind, MetadataOptions, Peer, PortRange, Protocol, ResourceState, Rule, SecretValue,
    TemplateVersion,
};
use nex_infra::{ImageId, SecurityGroupId, SubnetId, VpcId, policy};
use nex_plan::UpdateBehavior;

use crate::support::built;

/// One field of one kind, changed by someone else.
#[derive(Clone, Copy)]
pub(crate) struct Drift {
    pub(crate) kind: Kind,
    pub(crate) field: &'static str,
    pub(crate) change: fn(&mut ResourceState),
}

macro_rules! drifts {
    ($($kind:ident { $($field:literal: |$it:ident| $change:expr;)* })*) => {
        /// All drifts.
        pub(crate) const DRIFTS: &[Drift] = &[$($(
            Drift {
                kind: Kind::$kind,
                field: $field,
                change: |resource| {
                    if let ResourceState::$kind($it) = resource {
                        $change;
                    }
                },
            },
        )*)*];
    };
}

macro_rules! retag {
    ($it:ident) => {
        $it.tags.insert("Component".into(), "other".into())
    };
}

drifts! {
    SecurityGroup {
        "description": |it| it.description = "by hand".into();
        "vpc": |it| it.vpc = VpcId::new("vpc-2");
        "ingress": |it| it.ingress.insert(Rule::port(Protocol::Tcp, 8080, "0.0.0.0/0"));
        "egress": |it| it.egress.insert(Rule {
            protocol: Protocol::Tcp,
            ports: Some(PortRange {
                first: 1024,
                last: 2048,
            }),
            peer: Peer::PrefixList("pl-1".into()),
        });
        "tags": |it| retag!(it);
    }
    DatabaseIngress {
        "group": |it| it.group = SecurityGroupId::new("sg-other");
        "port": |it| it.port = 3306;
        "from": |it| it.from = GroupRef::Id(SecurityGroupId::new("sg-other"));
    }
    IamRole {
        "trust": |it| it.trust = policy::trust("lambda.amazonaws.com");
        "policies": |it| it.policies.clear();
        "managed": |it| it.managed.insert("arn:aws:iam::aws:policy/AdministratorAccess".into());
        "permissions_boundary": |it| it.boundary = Some("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
        "tags": |it| retag!(it);
    }
    InstanceProfile {
        "role": |it| it.role = None;
        "tags": |it| retag!(it);
    }
    S3Bucket {
        "public_access_blocked": |it| it.public_access_blocked = false;
        "lifecycle": |it| it.lifecycle.clear();
        "policy": |it| it.policy = None;
        "tags": |it| retag!(it);
    }
    Secret {
        "description": |it| it.description = "by hand".into();
        "value": |it| it.value = SecretValue::Absent;
        "replicas": |it| it.replicas.insert("eu-west-1".into());
        "tags": |it| retag!(it);
    }
    LogGroup {
        "retention_days": |it| it.retention_days = None;
        "tags": |it| retag!(it);
    }
    ElasticIp {
        "public_ip": |it| it.public_ip = Ipv4Addr::new(198, 51, 100, 99);
        "tags": |it| retag!(it);
    }
    Instance {
        "image": |it| it.image = ImageId::new("ami-old");
        "instance_type": |it| it.instance_type = "t3a.large".into();
        "subnet": |it| it.subnet = SubnetId::new("subnet-2");
        "security_groups": |it| it.security_groups = BTreeSet::from([GroupRef::Id(SecurityGroupId::new("sg-other"))]);
        "profile": |it| it.profile = None;
        "metadata": |it| it.metadata = MetadataOptions { token_required: false, hop_limit: 2 };
        "running": |it| it.running = false;
        "termination_protection": |it| it.termination_protection = false;
        "delete_root_volume": |it| it.delete_root_volume = true;
        "tags": |it| retag!(it);
    }
    Volume {
        "instance": |it| it.instance = Some("i-other".into());
        "size_gb": |it| it.size_gb = 8;
        "type": |it| it.volume_type = "gp2".into();
        "encrypted": |it| it.encrypted = false;
        "tags": |it| retag!(it);
    }
    ElasticIpAssociation {
        "instance": |it| it.instance = "i-other".into();
    }
    SnapshotPolicy {
        "role": |it| it.role_arn = "arn:aws:iam::123456789012:role/other".into();
        "enabled": |it| it.enabled = false;
        "targets": |it| it.targets.clear();
        "schedules": |it| it.schedules = 2;
        "interval_hours": |it| it.interval_hours = 12;
        "at": |it| it.at = "04:00".into();
        "keep_days": |it| it.keep_days = None;
        "copy_tags": |it| it.copy_tags = false;
        "tags": |it| retag!(it);
    }
    LaunchTemplate {
        "image": |it| it.image = ImageId::new("ami-old");
        "instance_type": |it| it.instance_type = "m5.large".into();
        "security_groups": |it| it.security_groups.clear();
        "profile": |it| it.profile = None;
        "disk": |it| it.root_volume.encrypted = false;
        "metadata": |it| it.metadata = MetadataOptions { token_required: true, hop_limit: 2 };
        "credits": |it| it.credits = None;
        "user_data": |it| it.user_data = "older".into();
        "other_settings": |it| it.other_settings.insert("KeyName".into());
        "instance_tags": |it| it.instance_tags.clear();
        "newest_is_default": |it| it.newest_is_default = false;
        "tags": |it| retag!(it);
    }
    AutoScalingGroup {
        "launch_template": |it| it.template = "other".into();
        "launch_template_version": |it| it.template_version = TemplateVersion::Other("$Latest".into());
        "subnets": |it| it.subnets.insert(SubnetId::new("subnet-30"));
        "min": |it| it.min = 0;
        "max": |it| it.max = 10;
        "desired": |it| it.desired = 3;
        "instance_types": |it| it.instance_types.reverse();
        "on_demand_base": |it| it.on_demand_base = 1;
        "on_demand_percent": |it| it.on_demand_percent = 100;
        "spot_strategy": |it| it.spot_strategy = "lowest-price".into();
        "spot_max_price": |it| it.spot_max_price = Some("0.01".into());
        "suspended": |it| it.suspended.insert("Launch".into());
        "capacity_rebalance": |it| it.capacity_rebalance = false;
        "retain_abandoned": |it| it.retain_abandoned = true;
        "tags": |it| retag!(it);
    }
    LifecycleHook {
        "transition": |it| it.transition = "autoscaling:EC2_INSTANCE_LAUNCHING".into();
        "heartbeat_seconds": |it| it.heartbeat_seconds = 60;
        "default_result": |it| it.default_result = "ABANDON".into();
    }
    ScalingPolicy {
        "metric": |it| it.metric = "ASGAverageNetworkIn".into();
        "target_percent": |it| it.target_percent = 90;
    }
}

#[test]
fn every_field_of_every_kind_has_its_drift() {
    let (_, observed) = built();
    let fields: BTreeSet<(Kind, &str)> = observed
        .values()
        .flat_map(|e| {
            e.state
                .fields()
                .into_iter()
                .map(|f| (e.state.key().kind, f.name))
        })
        .collect();
    let drifts: BTreeSet<(Kind, &str)> = DRIFTS.iter().map(|d| (d.kind, d.field)).collect();
    assert_eq!(drifts, fields);
    let has_field = |kind: &Kind| fields.iter().any(|(k, _)| k == kind);
    assert!(Kind::ALL.iter().all(has_field));
}

/// Only create-only fields may be missing on the observed side. Every other desired field has a counterpart.
#[test]
fn what_is_asked_for_can_be_compared_with_what_is_read() {
    let (desired, observed) = built();
    let mut missing = BTreeSet::new();
    for (key, new) in &desired {
        let read: BTreeSet<&str> = observed[key]
            .state
            .fields()
            .iter()
            .map(|f| f.name)
            .collect();
        let wanted = new.fields();
        let names: BTreeSet<&str> = wanted.iter().map(|f| f.name).collect();
        assert!(read.is_subset(&names), "{key}: {read:?}");
        for field in wanted.iter().filter(|f| !read.contains(f.name)) {
            let is_create_only = matches!(field.behavior, UpdateBehavior::CreateOnly(_));
            assert!(is_create_only, "{key}: {}", field.name);
            missing.insert((key.kind, field.name));
        }
    }
    let expected = [(Kind::Instance, "disk"), (Kind::Instance, "user_data")];
    assert_eq!(missing, BTreeSet::from(expected));
}

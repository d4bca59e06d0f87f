//! The server's resources.

use std::collections::{BTreeMap, BTreeSet};

use super::{DesiredBuilder, UBUNTU_ROOT, image, root_device, root_volume, unfinished_uploads};
use crate::ids::SecurityGroupId;
use crate::model::{
    Bucket, DatabaseIngress, DesiredElasticIp, DesiredInstance, DesiredResource, DesiredSecret,
    DesiredVolume, ElasticIpAssociation, GroupRef, Instance, InstanceProfile, Launch,
    LifecycleRule, LogGroup, MetadataOptions, Protocol, Role, Rule, SecretSource, SecurityGroup,
    SnapshotPolicy, Volume,
};
use crate::names::{Component, SNAPSHOT, Tags};
use crate::policy;

impl DesiredBuilder<'_> {
    pub(super) fn server(&self) -> Vec<DesiredResource> {
        let mut all: Vec<DesiredResource> = vec![
            self.server_group().into(),
            self.server_role().into(),
            self.profile(self.names.server(), Component::Gitlab).into(),
            self.registry_bucket().into(),
            self.plain_bucket(&self.buckets.artifacts).into(),
            self.address().into(),
            self.instance().into(),
            self.volume().into(),
            self.association().into(),
            self.snapshot_role().into(),
            self.snapshot_policy().into(),
        ];
        if !self.spec.storage.backups.existing {
            all.push(self.backups_bucket().into());
        }
        if self.spec.database.allow_ingress
            && let Some(group) = self.facts.database.groups.first()
        {
            all.push(self.database_ingress(group).into());
        }
        all.extend(self.server_secrets().into_iter().map(DesiredResource::from));
        all.extend(self.server_logs().into_iter().map(DesiredResource::from));
        all
    }

    fn server_group(&self) -> SecurityGroup {
        let server = &self.spec.server;
        let mut ingress: BTreeSet<Rule> = server
            .ssh_from
            .iter()
            .map(|net| Rule::port(Protocol::Tcp, 22, net))
            .collect();
        ingress.extend(self.web_rules());
        let name = self.names.server();
        SecurityGroup {
            description: "GitLab server: SSH, HTTP and HTTPS in".into(),
            vpc: self.facts.vpc.clone(),
            ingress,
            egress: BTreeSet::from([Rule::everything()]),
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        }
    }

    fn database_ingress(&self, group: &SecurityGroupId) -> DatabaseIngress {
        DatabaseIngress {
            database: self.spec.database.instance.clone(),
            group: group.clone(),
            port: self.facts.database.port,
            from: GroupRef::Named(self.names.server()),
        }
    }

    fn server_role(&self) -> Role {
        let buckets = &self.buckets;
        let account = &self.scope.account;
        let backups = &self.spec.storage.backups;
        let backups_account = backups.account.as_ref().unwrap_or(account);
        let backups_prefix = &backups.prefix;
        let policies = BTreeMap::from([
            (
                "gitlab-s3-registry".to_owned(),
                self.scope.bucket_objects(&buckets.registry, account, ""),
            ),
            (
                "gitlab-s3-backups".to_owned(),
                self.scope
                    .bucket_objects(&buckets.backups, backups_account, backups_prefix),
            ),
            (
                "gitlab-s3-artifacts".to_owned(),
                self.scope.bucket_read(&buckets.artifacts, account),
            ),
            (
                "gitlab-logs".to_owned(),
                self.scope.write_logs(&self.names.log_group("gitlab", "")),
            ),
            (
                "gitlab-secrets".to_owned(),
                self.scope.read_secrets(&self.names.secret("gitlab", "")),
            ),
        ]);
        Role {
            name: self.names.server(),
            trust: policy::trust(policy::EC2),
            policies,
            managed: self.session_manager(),
            boundary: None,
            tags: self.tags(Component::Gitlab),
        }
    }

    /// The policy with which an engineer can open a session on the host without SSH.
    pub(super) fn session_manager(&self) -> BTreeSet<String> {
        BTreeSet::from([self.scope.aws_managed(policy::SESSION_MANAGER)])
    }

    pub(super) fn profile(&self, name: String, component: Component) -> InstanceProfile {
        InstanceProfile {
            role: Some(name.clone()),
            name,
            tags: self.tags(component),
        }
    }

    fn plain_bucket(&self, name: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
            public_access_blocked: true,
            policy: Some(self.scope.tls_only(name)),
            lifecycle: BTreeMap::from([("uploads".to_owned(), unfinished_uploads())]),
            tags: self.tags(Component::Gitlab),
        }
    }

    fn registry_bucket(&self) -> Bucket {
        self.plain_bucket(&self.buckets.registry)
    }

    fn backups_bucket(&self) -> Bucket {
        let backups = &self.spec.storage.backups;
        let expiry = LifecycleRule {
            prefix: backups.prefix.clone(),
            after_days: Some(backups.keep_days),
            abort_uploads_days: None,
        };
        let mut bucket = self.plain_bucket(&self.buckets.backups);
        bucket.lifecycle.insert("backups".to_owned(), expiry);
        bucket
    }

    fn server_secrets(&self) -> Vec<DesiredSecret> {
        let names = &self.secrets;
        let secret = |name: &String, description: &str, source| DesiredSecret {
            name: name.clone(),
            description: description.to_owned(),
            source,
            deleted: self.deleted_value(name, source),
            tags: self.tags(Component::Gitlab),
        };
        let mut secrets = vec![
            secret(
                &names.database_password,
                "Password of GitLab's role in PostgreSQL",
                SecretSource::Random,
            ),
            secret(
                &names.root_password,
                "First password of GitLab's root user",
                SecretSource::Random,
            ),
            secret(
                &names.origin_certificate,
                "Origin certificate and key, as JSON",
                SecretSource::External,
            ),
        ];
        if self.inputs.mail_password {
            let name = &names.mail_password;
            secrets.push(secret(
                name,
                "Password at the mail relay",
                SecretSource::Supplied,
            ));
        }
        secrets
    }

    fn server_logs(&self) -> Vec<LogGroup> {
        let logs = &self.logs;
        [
            &logs.rails,
            &logs.nginx_access,
            &logs.nginx_error,
            &logs.server_system,
        ]
        .map(|name| self.log_group(name, self.spec.logs.gitlab_days, Component::Gitlab))
        .into()
    }

    pub(super) fn log_group(&self, name: &str, retention: u32, component: Component) -> LogGroup {
        LogGroup {
            name: name.to_owned(),
            retention_days: Some(retention),
            tags: self.tags(component),
        }
    }

    fn address(&self) -> DesiredElasticIp {
        let name = self.names.server();
        DesiredElasticIp {
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        }
    }

    fn instance(&self) -> DesiredInstance {
        let server = &self.spec.server;
        let name = self.names.server();
        let launch = Launch {
            root_volume: root_volume(
                root_device(self.facts, server.image.as_ref(), UBUNTU_ROOT),
                server.volume_gb,
            ),
            volume_tags: self.volume().tags,
            user_data: Some(self.inputs.user_data.server.clone()),
            secrets: self.server_secrets().into_iter().map(|s| s.name).collect(),
        };
        let instance = Instance {
            image: image(server.image.as_ref(), &self.facts.images.server),
            instance_type: server.instance_type.clone(),
            subnet: self.facts.public_subnet.clone(),
            security_groups: BTreeSet::from([GroupRef::Named(name.clone())]),
            profile: Some(name.clone()),
            metadata: MetadataOptions::STRICT,
            running: true,
            termination_protection: server.termination_protection,
            delete_root_volume: launch.root_volume.delete_on_termination,
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        };
        DesiredInstance { instance, launch }
    }

    fn volume(&self) -> DesiredVolume {
        let name = self.names.server();
        let mut tags = self.named_tags(Component::Gitlab, &name);
        tags.extend(self.snapshot_target());
        Volume {
            instance: name.clone(),
            size_gb: self.spec.server.volume_gb,
            volume_type: "gp3".into(),
            encrypted: true,
            tags,
            name,
        }
    }

    fn association(&self) -> ElasticIpAssociation {
        ElasticIpAssociation {
            address: self.names.server(),
            instance: self.names.server(),
        }
    }

    fn snapshot_target(&self) -> Tags {
        Tags::from([(SNAPSHOT.to_owned(), self.names.snapshots())])
    }

    fn snapshot_role(&self) -> Role {
        let name = self.names.snapshots();
        let policy = self.scope.snapshots(SNAPSHOT, &name);
        Role {
            trust: self.scope.trust_snapshots(),
            policies: BTreeMap::from([("gitlab-snapshots".to_owned(), policy)]),
            managed: BTreeSet::new(),
            boundary: None,
            tags: self.tags(Component::Gitlab),
            name,
        }
    }

    fn snapshot_policy(&self) -> SnapshotPolicy {
        let name = self.names.snapshots();
        SnapshotPolicy {
            role_arn: self.scope.role(&name),
            enabled: true,
            targets: self.snapshot_target(),
            schedules: 1,
            interval_hours: 24,
            at: self.spec.snapshots.at.clone(),
            keep_days: Some(self.spec.snapshots.keep_days),
            copy_tags: true,
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        }
    }
}

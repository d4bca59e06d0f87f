//! The server's resources.

use std::collections::{BTreeMap, BTreeSet};

use super::DesiredBuilder;
use crate::facts::EdgeNetworks;
use crate::model::{
    Bucket, DatabaseIngress, DesiredElasticIp, DesiredInstance, DesiredResource, DesiredSecret,
    DesiredVolume, ElasticIpAssociation, GroupRef, ImageChoice, Instance, InstanceProfile, Key,
    Kind, Launch, LifecycleRule, LogGroup, MetadataOptions, Owner, Peer, PortRange, Protocol,
    ResourceState, Role, RootVolume, Rule, SecretSource, SecurityGroup, SnapshotPolicy,
};
use crate::names::{Component, SNAPSHOT, Tags};
use crate::policy;
use crate::spec::CLOUDFLARE;

/// The days until S3 deletes the parts of an unfinished upload.
pub(super) const ABORT_UPLOADS_DAYS: u32 = 7;

impl DesiredBuilder<'_> {
    pub(super) fn server(&self) -> Vec<DesiredResource> {
        let mut all: Vec<DesiredResource> = vec![
            self.server_group().into(),
            self.server_role().into(),
            self.profile(self.names.server(), Component::Gitlab).into(),
            self.registry_bucket().into(),
            self.plain_bucket(&self.names.artifacts_bucket()).into(),
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
        for from in &server.web_from {
            if from == CLOUDFLARE {
                ingress.extend(self.cloudflare_rules());
            } else {
                ingress.extend(web_rules(std::slice::from_ref(from)));
            }
        }
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

    /// The rules for Cloudflare's networks. A failed read never changes what is asked for: where Cloudflare's list can't be
    /// read, the rules that exist stay, and only a new group gets the built-in list.
    fn cloudflare_rules(&self) -> Vec<Rule> {
        let networks = &self.inputs.edge_networks;
        let existing = match networks {
            EdgeNetworks::Known(_) => None,
            EdgeNetworks::Unread { .. } => self.existing_web_rules(),
        };
        existing.unwrap_or_else(|| web_rules(networks.cidrs()))
    }

    /// The rules for web ports of the server's group; `None` if nex has no such group.
    fn existing_web_rules(&self) -> Option<Vec<Rule>> {
        let key = Key::new(Kind::SecurityGroup, self.names.server());
        let existing = self.observed.get(&key)?;
        match &existing.state {
            ResourceState::SecurityGroup(group) if existing.owner == Owner::Nex => {
                let rules = group.ingress.iter();
                Some(rules.filter(|rule| is_web_rule(rule)).cloned().collect())
            }
            _ => None,
        }
    }

    fn database_ingress(&self, group: &str) -> DatabaseIngress {
        DatabaseIngress {
            database: self.spec.database.instance.clone(),
            group: group.to_owned(),
            port: self.facts.database.port,
            from: GroupRef::Named(self.names.server()),
        }
    }

    fn server_role(&self) -> Role {
        let names = self.names;
        let policies = BTreeMap::from([
            (
                "gitlab-s3-registry".to_owned(),
                self.scope.bucket_objects(&names.registry_bucket(), ""),
            ),
            (
                "gitlab-s3-backups".to_owned(),
                self.scope
                    .bucket_objects(&names.backups_bucket(), &names.backups_prefix()),
            ),
            (
                "gitlab-s3-artifacts".to_owned(),
                self.scope.bucket_read(&names.artifacts_bucket()),
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
            trust: policy::trust("ec2.amazonaws.com"),
            policies,
            managed: self.session_manager(),
            tags: self.tags(Component::Gitlab),
        }
    }

    /// The policies with which an engineer opens a session on the host without SSH.
    pub(super) fn session_manager(&self) -> BTreeSet<String> {
        BTreeSet::from([self.scope.aws_managed("AmazonSSMManagedInstanceCore")])
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
            lifecycle: BTreeMap::from([("uploads".to_owned(), uploads())]),
            tags: self.tags(Component::Gitlab),
        }
    }

    fn registry_bucket(&self) -> Bucket {
        self.plain_bucket(&self.names.registry_bucket())
    }

    fn backups_bucket(&self) -> Bucket {
        let backups = &self.spec.storage.backups;
        let expiry = LifecycleRule {
            prefix: backups.prefix.clone(),
            after_days: Some(backups.keep_days),
            abort_uploads_days: None,
        };
        let mut bucket = self.plain_bucket(&self.names.backups_bucket());
        bucket.lifecycle.insert("backups".to_owned(), expiry);
        bucket
    }

    fn server_secrets(&self) -> Vec<DesiredSecret> {
        let names = self.names;
        let secret = |name: &String, description: &str, source| DesiredSecret {
            name: name.clone(),
            description: description.to_owned(),
            source,
            tags: self.tags(Component::Gitlab),
        };
        let mut secrets = vec![
            secret(
                &names.database_password(),
                "Password of GitLab's role in PostgreSQL",
                SecretSource::Random,
            ),
            secret(
                &names.root_password(),
                "First password of GitLab's root user",
                SecretSource::Random,
            ),
            secret(
                &names.origin_certificate(),
                "Origin certificate and key, as JSON",
                SecretSource::External,
            ),
        ];
        if self.inputs.mail_password {
            let name = &names.mail_password();
            secrets.push(secret(
                name,
                "Password at the mail relay",
                SecretSource::Supplied,
            ));
        }
        secrets
    }

    fn server_logs(&self) -> Vec<LogGroup> {
        let names = self.names;
        [
            &names.rails_log(),
            &names.nginx_access_log(),
            &names.nginx_error_log(),
            &names.server_system_log(),
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
        let image = image(&server.image, &self.facts.images.server);
        DesiredInstance {
            instance: Instance {
                image: image.id().to_owned(),
                instance_type: server.instance_type.clone(),
                subnet: self.facts.public_subnet.clone(),
                security_groups: BTreeSet::from([GroupRef::Named(name.clone())]),
                profile: Some(name.clone()),
                metadata: MetadataOptions::STRICT,
                running: true,
                termination_protection: server.termination_protection,
                tags: self.named_tags(Component::Gitlab, &name),
                name,
            },
            launch: Launch {
                image,
                root_volume: root_volume(server.volume_gb, false),
                volume_tags: self.volume().tags,
                user_data: self.inputs.user_data.server.clone(),
                secrets: self.server_secrets().into_iter().map(|s| s.name).collect(),
            },
        }
    }

    fn volume(&self) -> DesiredVolume {
        let name = self.names.server();
        let mut tags = self.named_tags(Component::Gitlab, &name);
        tags.extend(self.snapshot_target());
        DesiredVolume {
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
        let policy = self.scope.snapshots((SNAPSHOT, &name));
        Role {
            trust: policy::trust("dlm.amazonaws.com"),
            policies: BTreeMap::from([("gitlab-snapshots".to_owned(), policy)]),
            managed: BTreeSet::new(),
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
            interval_hours: 24,
            at: self.spec.snapshots.at.clone(),
            keep_days: Some(self.spec.snapshots.keep_days),
            copy_tags: true,
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        }
    }
}

/// The ports of HTTP and HTTPS.
const WEB_PORTS: [u16; 2] = [80, 443];

fn web_rules(networks: &[String]) -> Vec<Rule> {
    let rules = networks
        .iter()
        .flat_map(|network| WEB_PORTS.map(|port| Rule::port(Protocol::Tcp, port, network)));
    rules.collect()
}

fn is_web_rule(rule: &Rule) -> bool {
    let is_web = |ports: PortRange| {
        ports.first == ports.last && WEB_PORTS.iter().any(|port| ports.first == i32::from(*port))
    };
    rule.protocol == Protocol::Tcp
        && rule.ports.is_some_and(is_web)
        && matches!(rule.peer, Peer::Cidr(_))
}

pub(super) fn uploads() -> LifecycleRule {
    LifecycleRule {
        prefix: String::new(),
        after_days: None,
        abort_uploads_days: Some(ABORT_UPLOADS_DAYS),
    }
}

pub(super) fn image(pinned: &Option<String>, newest: &str) -> ImageChoice {
    match pinned {
        Some(id) => ImageChoice::Pinned(id.clone()),
        None => ImageChoice::Newest(newest.to_owned()),
    }
}

pub(super) fn root_volume(size_gb: u32, delete_on_termination: bool) -> RootVolume {
    RootVolume {
        size_gb,
        volume_type: "gp3".into(),
        encrypted: true,
        delete_on_termination,
    }
}

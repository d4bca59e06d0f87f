//! The server's resources.

use std::collections::{BTreeMap, BTreeSet};

use super::Ground;
use crate::model::{
    Address, Association, Bucket, Content, DatabaseIngress, Disk, Expiry, GroupRef, Image,
    Instance, InstanceProfile, LogGroup, Metadata, Protocol, Resource, Role, Rule, Secret,
    SecurityGroup, SnapshotPolicy, Volume,
};
use crate::names::{Component, SNAPSHOT, Tags};
use crate::policy;
use crate::spec::CLOUDFLARE;

/// Days until S3 drops the parts of an upload that never ended.
pub(super) const ABORT_UPLOADS_DAYS: i32 = 7;

impl Ground<'_> {
    pub(super) fn server(&self) -> Vec<Resource> {
        let mut all: Vec<Resource> = vec![
            self.server_group().into(),
            self.server_role().into(),
            self.profile(self.names.server(), Component::Gitlab).into(),
            self.registry_bucket().into(),
            self.plain_bucket(&self.layout.artifacts_bucket).into(),
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
        all.extend(self.server_secrets().into_iter().map(Resource::from));
        all.extend(self.server_logs().into_iter().map(Resource::from));
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
            let networks = match from.as_str() {
                CLOUDFLARE => self.boot.edge_networks.as_slice(),
                _ => std::slice::from_ref(from),
            };
            for (net, port) in networks.iter().flat_map(|n| [(n, 80), (n, 443)]) {
                ingress.insert(Rule::port(Protocol::Tcp, port, net));
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

    fn database_ingress(&self, group: &str) -> DatabaseIngress {
        DatabaseIngress {
            database: self.spec.database.instance.clone(),
            group: group.to_owned(),
            port: self.facts.database.port,
            from: GroupRef::Named(self.names.server()),
        }
    }

    fn server_role(&self) -> Role {
        let layout = &self.layout;
        let policies = BTreeMap::from([
            (
                "gitlab-s3-registry".to_owned(),
                self.scope.bucket_objects(&layout.registry_bucket, ""),
            ),
            (
                "gitlab-s3-backups".to_owned(),
                self.scope
                    .bucket_objects(&layout.backups_bucket, &layout.backups_prefix),
            ),
            (
                "gitlab-s3-artifacts".to_owned(),
                self.scope.bucket_read(&layout.artifacts_bucket),
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

    /// What lets an engineer open a session on the host without SSH.
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
        self.plain_bucket(&self.layout.registry_bucket)
    }

    fn backups_bucket(&self) -> Bucket {
        let backups = &self.spec.storage.backups;
        let expiry = Expiry {
            prefix: backups.prefix.clone(),
            after_days: Some(days(backups.keep_days)),
            abort_uploads_days: None,
        };
        let mut bucket = self.plain_bucket(&self.layout.backups_bucket);
        bucket.lifecycle.insert("backups".to_owned(), expiry);
        bucket
    }

    fn server_secrets(&self) -> Vec<Secret> {
        let layout = &self.layout;
        let secret = |name: &String, description: &str, content| Secret {
            name: name.clone(),
            description: description.to_owned(),
            content,
            tags: self.tags(Component::Gitlab),
        };
        let mut secrets = vec![
            secret(
                &layout.database_password,
                "Password of GitLab's role in PostgreSQL",
                Content::Generated,
            ),
            secret(
                &layout.root_password,
                "First password of GitLab's root user",
                Content::Generated,
            ),
            secret(
                &layout.origin_certificate,
                "Origin certificate and key, as JSON",
                Content::Later,
            ),
        ];
        if self.boot.mail_password {
            let name = &layout.mail_password;
            secrets.push(secret(name, "Password at the mail relay", Content::Given));
        }
        secrets
    }

    fn server_logs(&self) -> Vec<LogGroup> {
        let layout = &self.layout;
        [
            &layout.rails_log,
            &layout.nginx_access_log,
            &layout.nginx_error_log,
            &layout.server_system_log,
        ]
        .map(|name| self.log_group(name, self.spec.logs.gitlab_days, Component::Gitlab))
        .into()
    }

    pub(super) fn log_group(&self, name: &str, retention: u32, component: Component) -> LogGroup {
        LogGroup {
            name: name.to_owned(),
            retention_days: Some(days(retention)),
            tags: self.tags(component),
        }
    }

    fn address(&self) -> Address {
        let name = self.names.server();
        Address {
            public_ip: None,
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        }
    }

    fn instance(&self) -> Instance {
        let server = &self.spec.server;
        let name = self.names.server();
        Instance {
            image: image(&server.image, &self.facts.images.server),
            instance_type: server.instance_type.clone(),
            subnet: self.facts.public_subnet.clone(),
            security_groups: BTreeSet::from([GroupRef::Named(name.clone())]),
            profile: Some(name.clone()),
            disk: disk(server.volume_gb, false),
            metadata: Metadata::STRICT,
            running: true,
            termination_protection: server.termination_protection,
            user_data: Some(self.boot.server.clone()),
            secrets: self.server_secrets().into_iter().map(|s| s.name).collect(),
            volume_tags: self.volume().tags,
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        }
    }

    fn volume(&self) -> Volume {
        let name = self.names.server();
        let mut tags = self.named_tags(Component::Gitlab, &name);
        tags.extend(self.snapshot_target());
        Volume {
            instance: Some(name.clone()),
            size_gb: gigabytes(self.spec.server.volume_gb),
            volume_type: "gp3".into(),
            encrypted: true,
            tags,
            name,
        }
    }

    fn association(&self) -> Association {
        Association {
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
            keep_days: Some(days(self.spec.snapshots.keep_days)),
            copy_tags: true,
            tags: self.named_tags(Component::Gitlab, &name),
            name,
        }
    }
}

pub(super) fn uploads() -> Expiry {
    Expiry {
        prefix: String::new(),
        after_days: None,
        abort_uploads_days: Some(ABORT_UPLOADS_DAYS),
    }
}

pub(super) fn image(pinned: &Option<String>, newest: &str) -> Image {
    Image {
        id: pinned.as_deref().unwrap_or(newest).to_owned(),
        pinned: pinned.is_some(),
    }
}

pub(super) fn disk(size_gb: u32, delete_on_termination: bool) -> Disk {
    Disk {
        size_gb: gigabytes(size_gb),
        volume_type: "gp3".into(),
        encrypted: true,
        delete_on_termination,
    }
}

/// The schema bounds these numbers far below the limits of the type.
pub(super) fn days(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

use days as gigabytes;

//! The server's instance, volume, address and snapshot policy.

use std::net::Ipv4Addr;

use aws_sdk_dlm::types::{GettablePolicyStateValues, LifecyclePolicy, RetentionIntervalUnitValues};
use aws_sdk_ec2::types::{
    Address as DescribedAddress, HttpTokensState, Instance as DescribedInstance,
    InstanceAttributeName, InstanceStateName, Volume as DescribedVolume,
};

use super::ground::filter;
use super::{Found, GroupNames, Reader, tags};
use crate::aws::Error;
use crate::model::{
    Address, Association, Disk, Image, Instance, Key, Kind, Metadata, SnapshotPolicy, Volume,
};
use crate::names::{MANAGED_BY, Tags};

/// What the two rounds found.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    instance: Option<DescribedInstance>,
    protected: bool,
    volumes: Vec<DescribedVolume>,
    addresses: Vec<DescribedAddress>,
    snapshot_policies: Vec<String>,
}

impl Reader {
    pub(super) async fn server_parts(&self) -> Result<Parts, Error> {
        let (instance, volumes, addresses, snapshot_policies) = tokio::try_join!(
            self.server_instance(),
            self.volumes_by_name(),
            self.addresses(),
            self.snapshot_policy_ids(),
        )?;
        Ok(Parts {
            instance,
            protected: false,
            volumes,
            addresses,
            snapshot_policies,
        })
    }

    /// The newest one counts: an older one of the name is on its way out.
    async fn server_instance(&self) -> Result<Option<DescribedInstance>, Error> {
        let alive = ["pending", "running", "stopping", "stopped"];
        let request = self.aws.ec2.describe_instances();
        let answer = request
            .filters(self.by_id_or_name(Kind::Instance, "instance-id"))
            .filters(filter("instance-state-name", alive))
            .send()
            .await
            .map_err(Error::call("DescribeInstances", self.names.server()))?;
        let reservations = answer.reservations.unwrap_or_default();
        let instances = reservations
            .into_iter()
            .flat_map(|r| r.instances.unwrap_or_default());
        Ok(instances.max_by_key(|i| {
            let owner = self.names.own(&tags!(i.tags()));
            let launched = i.launch_time().map(|t| t.secs());
            (owner, launched, i.instance_id().map(str::to_owned))
        }))
    }

    async fn volumes_by_name(&self) -> Result<Vec<DescribedVolume>, Error> {
        let request = self.aws.ec2.describe_volumes();
        let answer = request
            .filters(filter("tag:Name", [self.names.server()]))
            .filters(filter(&format!("tag:{MANAGED_BY}"), ["nex"]))
            .send()
            .await
            .map_err(Error::call("DescribeVolumes", self.names.server()))?;
        Ok(answer.volumes.unwrap_or_default())
    }

    async fn addresses(&self) -> Result<Vec<DescribedAddress>, Error> {
        let request = self.aws.ec2.describe_addresses();
        let answer = request
            .filters(self.by_id_or_name(Kind::ElasticIp, "allocation-id"))
            .send()
            .await
            .map_err(Error::call("DescribeAddresses", self.names.server()))?;
        Ok(answer.addresses.unwrap_or_default())
    }

    /// The server's Elastic IP address by a single call, for who needs nothing else of the environment.
    ///
    /// # Errors
    /// [`Error::Call`] if EC2 does not answer.
    pub async fn address(&self) -> Result<Option<Ipv4Addr>, Error> {
        let addresses = self.addresses().await?;
        let ours = addresses
            .iter()
            .filter(|a| self.names.own(&tags!(a.tags())));
        let mut parsed = ours.filter_map(|a| a.public_ip()?.parse().ok());
        Ok(parsed.next())
    }

    async fn snapshot_policy_ids(&self) -> Result<Vec<String>, Error> {
        let name = self.names.snapshots();
        let answer = self.aws.dlm.get_lifecycle_policies().send().await;
        let answer = answer.map_err(Error::call("GetLifecyclePolicies", &name))?;
        let summaries = answer.policies.unwrap_or_default();
        let adopted = self.adopting.as_ref().map(|(_, id)| id.as_str());
        let is_ours = |p: &aws_sdk_dlm::types::LifecyclePolicySummary| {
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

    /// What ids of the first round lead to.
    pub(super) async fn server_details(&self, mut parts: Parts) -> Result<Parts, Error> {
        let Some(instance) = parts.instance.clone() else {
            return Ok(parts);
        };
        let id = instance.instance_id().unwrap_or_default();
        let root = root_volume(&instance);
        let known = |v: &DescribedVolume| v.volume_id() == root.as_deref();
        let unknown = root.clone().filter(|_| !parts.volumes.iter().any(known));
        let (protected, volumes) =
            tokio::try_join!(self.is_protected(id), self.volume_by_id(unknown))?;
        parts.protected = protected;
        parts.volumes.extend(volumes);
        Ok(parts)
    }

    async fn is_protected(&self, id: &str) -> Result<bool, Error> {
        let request = self.aws.ec2.describe_instance_attribute();
        let answer = request
            .instance_id(id)
            .attribute(InstanceAttributeName::DisableApiTermination)
            .send()
            .await
            .map_err(Error::call("DescribeInstanceAttribute", id))?;
        let value = answer.disable_api_termination();
        Ok(value.and_then(|v| v.value()).unwrap_or(false))
    }

    /// A root volume whose tags are gone is still the server's.
    async fn volume_by_id(&self, id: Option<String>) -> Result<Vec<DescribedVolume>, Error> {
        let Some(id) = id else { return Ok(vec![]) };
        let request = self.aws.ec2.describe_volumes().volume_ids(&id);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("DescribeVolumes", id))?;
        Ok(answer.volumes.unwrap_or_default())
    }

    pub(super) async fn snapshot_policies(
        &self,
        parts: &Parts,
    ) -> Result<Vec<LifecyclePolicy>, Error> {
        let mut policies = vec![];
        for id in &parts.snapshot_policies {
            let answer = self.aws.dlm.get_lifecycle_policy().policy_id(id).send();
            let answer = answer
                .await
                .map_err(Error::call("GetLifecyclePolicy", id))?;
            policies.extend(answer.policy);
        }
        Ok(policies)
    }

    pub(super) fn collect_server(&self, parts: Parts, groups: &GroupNames, found: &mut Found) {
        let id = parts.instance.as_ref().and_then(|i| i.instance_id());
        for address in parts.addresses {
            self.collect_address(address, id, found);
        }
        let root = parts.instance.as_ref().and_then(root_volume);
        let server_is_ours = parts
            .instance
            .as_ref()
            .is_some_and(|i| self.names.own(&tags!(i.tags())));
        for volume in parts.volumes {
            let attached = volume.volume_id() == root.as_deref();
            self.collect_volume(volume, attached, server_is_ours, found);
        }
        if let Some(instance) = parts.instance {
            self.collect_instance(instance, parts.protected, groups, found);
        }
    }

    fn collect_address(
        &self,
        address: DescribedAddress,
        instance: Option<&str>,
        found: &mut Found,
    ) {
        let tags = tags!(address.tags());
        let owner = self.owner(&tags);
        if let Some(at) = address.instance_id().filter(|id| !id.is_empty()) {
            let ours = Some(at) == instance;
            let association = Association {
                address: self.names.server(),
                instance: match ours {
                    true => self.names.server(),
                    false => at.to_owned(),
                },
            };
            let id = address.association_id().unwrap_or_default();
            found.add(id, owner, association);
        }
        let resource = Address {
            name: self.names.server(),
            public_ip: address.public_ip,
            tags: self.ours(tags),
        };
        found.add(address.allocation_id.unwrap_or_default(), owner, resource);
    }

    fn collect_volume(
        &self,
        volume: DescribedVolume,
        attached: bool,
        server_is_ours: bool,
        found: &mut Found,
    ) {
        let tags = tags!(volume.tags());
        let id = volume.volume_id.unwrap_or_default();
        let resource = Volume {
            name: match attached {
                true => self.names.server(),
                false => id.clone(),
            },
            instance: attached.then(|| self.names.server()),
            size_gb: volume.size.unwrap_or_default(),
            volume_type: volume
                .volume_type
                .map(|t| t.as_str().to_owned())
                .unwrap_or_default(),
            encrypted: volume.encrypted.unwrap_or_default(),
            tags: self.ours(tags.clone()),
        };
        // The root volume of a server of ours is ours, even when its tags are gone: that is a drift to mend.
        let owner = match attached && server_is_ours {
            true => crate::model::Owner::Nex,
            false => self.owner(&tags),
        };
        found.add(id, owner, resource);
    }

    fn collect_instance(
        &self,
        instance: DescribedInstance,
        protected: bool,
        groups: &GroupNames,
        found: &mut Found,
    ) {
        let tags = tags!(instance.tags());
        let profile = instance.iam_instance_profile().and_then(|p| p.arn());
        let profile = profile.and_then(|arn| arn.rsplit('/').next());
        let group_ids = instance.security_groups().iter();
        let group_ids = group_ids.filter_map(|g| g.group_id());
        let options = instance.metadata_options();
        let disk = self.launched_disk(found);
        let resource = Instance {
            name: self.names.server(),
            image: Image {
                id: instance.image_id().unwrap_or_default().to_owned(),
                pinned: false,
            },
            instance_type: instance
                .instance_type()
                .map(|t| t.as_str().to_owned())
                .unwrap_or_default(),
            subnet: instance.subnet_id().unwrap_or_default().to_owned(),
            security_groups: group_ids.map(|id| groups.reference(id)).collect(),
            profile: profile.map(str::to_owned),
            disk,
            metadata: Metadata {
                token_required: options.and_then(|o| o.http_tokens())
                    == Some(&HttpTokensState::Required),
                hop_limit: options
                    .and_then(|o| o.http_put_response_hop_limit())
                    .unwrap_or(1),
            },
            running: matches!(
                instance.state().and_then(|s| s.name()),
                Some(InstanceStateName::Pending | InstanceStateName::Running)
            ),
            termination_protection: protected,
            user_data: None,
            secrets: Default::default(),
            volume_tags: Tags::new(),
            tags: self.ours(tags.clone()),
        };
        let owner = self.owner(&tags);
        found.add(instance.instance_id.unwrap_or_default(), owner, resource);
    }

    /// The instance's disk is read as the volume that it is.
    fn launched_disk(&self, found: &Found) -> Disk {
        let key = Key::new(Kind::Volume, self.names.server());
        match found.0.get(&key).map(|e| &e.resource) {
            Some(crate::model::Resource::Volume(volume)) => Disk {
                size_gb: volume.size_gb,
                volume_type: volume.volume_type.clone(),
                encrypted: volume.encrypted,
                delete_on_termination: false,
            },
            _ => Disk {
                size_gb: 0,
                volume_type: String::new(),
                encrypted: false,
                delete_on_termination: false,
            },
        }
    }

    pub(super) fn collect_snapshots(&self, policies: Vec<LifecyclePolicy>, found: &mut Found) {
        for policy in policies {
            let tags: Tags = policy
                .tags()
                .cloned()
                .unwrap_or_default()
                .into_iter()
                .collect();
            let details = policy.policy_details();
            let schedule = details.and_then(|d| d.schedules().first());
            let create = schedule.and_then(|s| s.create_rule());
            let retain = schedule.and_then(|s| s.retain_rule());
            let resource = SnapshotPolicy {
                name: self.names.snapshots(),
                role_arn: policy.execution_role_arn().unwrap_or_default().to_owned(),
                enabled: policy.state() == Some(&GettablePolicyStateValues::Enabled),
                targets: details
                    .map(|d| d.target_tags())
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|t| Some((t.key()?.to_owned(), t.value()?.to_owned())))
                    .collect(),
                interval_hours: create.and_then(|c| c.interval()).unwrap_or_default(),
                at: create
                    .and_then(|c| c.times().first().cloned())
                    .unwrap_or_default(),
                // A count, or weeks, shows as a difference.
                keep_days: retain
                    .filter(|r| r.interval_unit() == Some(&RetentionIntervalUnitValues::Days))
                    .and_then(|r| r.interval()),
                copy_tags: schedule.and_then(|s| s.copy_tags()).unwrap_or_default(),
                tags: self.ours(tags.clone()),
            };
            let owner = self.owner(&tags);
            found.add(policy.policy_id.unwrap_or_default(), owner, resource);
        }
    }
}

/// The id of the volume that an instance boots from.
pub(crate) fn root_volume(instance: &DescribedInstance) -> Option<String> {
    let mappings = instance.block_device_mappings();
    let root = mappings
        .iter()
        .find(|m| m.device_name() == instance.root_device_name())
        .or(mappings.first())?;
    Some(root.ebs()?.volume_id()?.to_owned())
}

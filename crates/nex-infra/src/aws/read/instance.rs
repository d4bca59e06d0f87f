//! The server's instance with its root volume.

use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::{
    Address as DescribedAddress, HttpTokensState, Instance as DescribedInstance,
    InstanceAttributeName, InstanceBlockDeviceMapping, InstanceStateName,
    Volume as DescribedVolume,
};

use super::lookups::filter;
use super::{Found, GroupNames, Reader, ambiguous, tags};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::number::from_sdk;
use crate::ids::{ImageId, SubnetId};
use crate::model::{Instance, Key, Kind, MetadataOptions, Owner, Volume};
use crate::names::DEPLOYMENT;

const CALL: &str = "DescribeInstances";

/// The states of an instance that is not terminated and is not about to be.
const ALIVE: [InstanceStateName; 4] = [
    InstanceStateName::Pending,
    InstanceStateName::Running,
    InstanceStateName::Stopping,
    InstanceStateName::Stopped,
];

/// The server's resources as described.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    instance: Option<DescribedInstance>,
    /// The ids of the instances that have the server's name and no deployment's tags.
    unclaimed: Vec<String>,
    is_protected: bool,
    volumes: Vec<DescribedVolume>,
    addresses: Vec<DescribedAddress>,
    pub(super) snapshot_policies: Vec<String>,
}

/// The server, and what else has its name.
struct Servers {
    server: Option<DescribedInstance>,
    unclaimed: Vec<String>,
}

/// Whether a volume is the root volume of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attachment {
    /// The volume is not attached to the server.
    None,
    /// The volume belongs to our server. If the volume's tags are gone, that is a drift to fix.
    OurServer,
    /// The volume belongs to someone else's server that has our name.
    OtherServer,
}

impl Reader {
    pub(super) async fn server_parts(&self) -> Result<Parts, Error> {
        let (servers, volumes, addresses, snapshot_policies) = tokio::try_join!(
            self.servers(),
            self.volumes_by_name(),
            self.addresses(),
            self.snapshot_policy_ids(),
        )?;
        Ok(Parts {
            instance: servers.server,
            unclaimed: servers.unclaimed,
            is_protected: false,
            volumes,
            addresses,
            snapshot_policies,
        })
    }

    /// The server. Someone else's instance with the server's name counts only if nex has no server.
    async fn servers(&self) -> Result<Servers, Error> {
        let request = self.aws.ec2.describe_instances();
        let answer = request
            .filters(self.by_id_or_name(Kind::Instance, "instance-id"))
            .filters(filter(
                "instance-state-name",
                ALIVE.iter().map(InstanceStateName::as_str),
            ))
            .send()
            .await
            .map_err(Error::call(CALL, self.names.server()))?;
        let is_ours = |i: &DescribedInstance| self.names.own(&tags!(i.tags()));
        let (mut ours, others): (Vec<_>, Vec<_>) = instances(answer).partition(is_ours);
        if ours.len() > 1 {
            ours = self.still_alive(ours).await?;
        }
        if ours.len() > 1 {
            let key = Key::new(Kind::Instance, self.names.server());
            return Err(ambiguous(&key, ours.iter().filter_map(|i| i.instance_id())));
        }
        let is_unclaimed =
            |i: &DescribedInstance| self.names.owner(&tags!(i.tags())) == Owner::Other;
        let unclaimed = others.iter().filter(|i| is_unclaimed(i));
        let unclaimed = unclaimed.filter_map(|i| i.instance_id().map(str::to_owned));
        let unclaimed = unclaimed.collect();
        let newest = others
            .into_iter()
            .max_by_key(|i| (is_unclaimed(i), i.launch_time().map(|t| t.secs())));
        Ok(Servers {
            server: ours.pop().or(newest),
            unclaimed,
        })
    }

    /// The instances that are alive by now: an answer that EC2 filtered may show the past, an answer by id does not.
    async fn still_alive(
        &self,
        seen: Vec<DescribedInstance>,
    ) -> Result<Vec<DescribedInstance>, Error> {
        let mut alive = vec![];
        for id in seen.iter().filter_map(|i| i.instance_id()) {
            let request = self.aws.ec2.describe_instances().instance_ids(id);
            let answer = if_found(request.send().await.map_err(Error::call(CALL, id)))?;
            let now = answer.into_iter().flat_map(instances);
            alive.extend(now.filter(|i| {
                let state = i.state().and_then(|s| s.name());
                state.is_some_and(|state| ALIVE.contains(state))
            }));
        }
        Ok(alive)
    }

    async fn volumes_by_name(&self) -> Result<Vec<DescribedVolume>, Error> {
        let request = self.aws.ec2.describe_volumes();
        let answer = request
            .filters(filter("tag:Name", [self.names.server()]))
            .filters(filter(
                &format!("tag:{DEPLOYMENT}"),
                [self.names.deployment()],
            ))
            .send()
            .await
            .map_err(Error::call("DescribeVolumes", self.names.server()))?;
        Ok(answer.volumes.unwrap_or_default())
    }

    /// Reads what needs the ids of the first round.
    pub(super) async fn server_details(&self, mut parts: Parts) -> Result<Parts, Error> {
        let Some(instance) = parts.instance.clone() else {
            return Ok(parts);
        };
        let lacks = Error::lacks(CALL, &self.names.server());
        let id = instance
            .instance_id()
            .ok_or_else(|| lacks("an instance's id"))?;
        let root = root_volume(&instance);
        let known = |v: &DescribedVolume| v.volume_id() == root.as_deref();
        let unknown = root.clone().filter(|_| !parts.volumes.iter().any(known));
        let (is_protected, volumes) =
            tokio::try_join!(self.is_protected(id), self.volume_by_id(unknown))?;
        parts.is_protected = is_protected;
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

    /// The root volume belongs to the server even without its tags.
    async fn volume_by_id(&self, id: Option<String>) -> Result<Vec<DescribedVolume>, Error> {
        let Some(id) = id else { return Ok(vec![]) };
        let request = self.aws.ec2.describe_volumes().volume_ids(&id);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("DescribeVolumes", id))?;
        Ok(answer.volumes.unwrap_or_default())
    }

    pub(super) fn collect_server(
        &self,
        parts: Parts,
        groups: &GroupNames,
        found: &mut Found,
    ) -> Result<(), Error> {
        let id = parts.instance.as_ref().and_then(|i| i.instance_id());
        for address in parts.addresses {
            self.collect_address(address, id, found)?;
        }
        let root = parts.instance.as_ref().and_then(root_volume);
        let server_is_ours = parts
            .instance
            .as_ref()
            .is_some_and(|i| self.names.own(&tags!(i.tags())));
        for volume in parts.volumes {
            let attachment = if volume.volume_id() != root.as_deref() {
                Attachment::None
            } else if server_is_ours {
                Attachment::OurServer
            } else {
                Attachment::OtherServer
            };
            self.collect_volume(volume, attachment, found)?;
        }
        for id in parts.unclaimed {
            found.add_unclaimed(&Key::new(Kind::Instance, self.names.server()), &id);
        }
        if let Some(instance) = parts.instance {
            self.collect_instance(instance, parts.is_protected, groups, found)?;
        }
        Ok(())
    }

    fn collect_volume(
        &self,
        volume: DescribedVolume,
        attachment: Attachment,
        found: &mut Found,
    ) -> Result<(), Error> {
        let tags = tags!(volume.tags());
        let lacks = Error::lacks("DescribeVolumes", &self.names.server());
        let id = volume
            .volume_id()
            .ok_or_else(|| lacks("a volume's id"))?
            .to_owned();
        let lacks = Error::lacks("DescribeVolumes", &id);
        let is_attached = attachment != Attachment::None;
        let volume_type = volume.volume_type().ok_or_else(|| lacks("a type"))?;
        let elsewhere = volume.attachments().first().and_then(|a| a.instance_id());
        let resource = Volume {
            name: if is_attached {
                self.names.server()
            } else {
                id.clone()
            },
            instance: if is_attached {
                Some(self.names.server())
            } else {
                elsewhere.map(str::to_owned)
            },
            size_gb: from_sdk(volume.size.ok_or_else(|| lacks("a size"))?),
            volume_type: volume_type.as_str().to_owned(),
            encrypted: volume.encrypted.unwrap_or_default(),
            tags: self.ours(tags.clone()),
        };
        let owner = match attachment {
            Attachment::OurServer => Owner::Nex,
            Attachment::OtherServer | Attachment::None => self.names.owner(&tags),
        };
        found.add(id, owner, resource)?;
        Ok(())
    }

    fn collect_instance(
        &self,
        instance: DescribedInstance,
        is_protected: bool,
        groups: &GroupNames,
        found: &mut Found,
    ) -> Result<(), Error> {
        let tags = tags!(instance.tags());
        let profile = instance.iam_instance_profile().and_then(|p| p.arn());
        let profile = profile.and_then(|arn| arn.rsplit('/').next());
        let group_ids = instance.security_groups().iter();
        let group_ids = group_ids.filter_map(|g| g.group_id());
        let options = instance.metadata_options();
        let lacks = Error::lacks(CALL, &self.names.server());
        let id = instance.instance_id();
        let id = id.ok_or_else(|| lacks("an instance's id"))?.to_owned();
        let lacks = Error::lacks(CALL, &id);
        let image = instance.image_id().ok_or_else(|| lacks("an image"))?;
        let instance_type = instance.instance_type();
        let instance_type = instance_type.ok_or_else(|| lacks("a type"))?;
        let subnet = instance.subnet_id().ok_or_else(|| lacks("a subnet"))?;
        let resource = Instance {
            name: self.names.server(),
            image: ImageId::new(image),
            instance_type: instance_type.as_str().to_owned(),
            subnet: SubnetId::new(subnet),
            security_groups: group_ids.map(|id| groups.reference(id)).collect(),
            profile: profile.map(str::to_owned),
            metadata: MetadataOptions {
                token_required: options.and_then(|o| o.http_tokens())
                    == Some(&HttpTokensState::Required),
                hop_limit: options
                    .and_then(|o| o.http_put_response_hop_limit())
                    .map_or(1, from_sdk),
            },
            running: matches!(
                instance.state().and_then(|s| s.name()),
                Some(InstanceStateName::Pending | InstanceStateName::Running)
            ),
            termination_protection: is_protected,
            delete_root_volume: root_mapping_of(&instance)
                .and_then(|m| m.ebs()?.delete_on_termination())
                .unwrap_or_default(),
            tags: self.ours(tags.clone()),
        };
        let owner = self.names.owner(&tags);
        found.add(id, owner, resource)?;
        Ok(())
    }
}

fn instances(answer: DescribeInstancesOutput) -> impl Iterator<Item = DescribedInstance> {
    let reservations = answer.reservations.unwrap_or_default();
    let instances = reservations.into_iter().map(|r| r.instances);
    instances.flat_map(Option::unwrap_or_default)
}

/// The id of the volume that an instance boots from.
pub(crate) fn root_volume(instance: &DescribedInstance) -> Option<String> {
    Some(root_mapping_of(instance)?.ebs()?.volume_id()?.to_owned())
}

/// The device that an instance boots from.
pub(crate) fn root_mapping_of(instance: &DescribedInstance) -> Option<&InstanceBlockDeviceMapping> {
    let mappings = instance.block_device_mappings();
    let is_root = |m: &&InstanceBlockDeviceMapping| m.device_name() == instance.root_device_name();
    mappings.iter().find(is_root).or(mappings.first())
}

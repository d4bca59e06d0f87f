//! The server's instance, volume, address and snapshot policy.

use std::time::Duration;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, BlockDeviceMapping, DomainType, EbsBlockDevice,
    HttpTokensState, IamInstanceProfileSpecification, Instance as DescribedInstance,
    InstanceMetadataOptionsRequest, InstanceType, ResourceType, VolumeType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::retry::{OnlyThrottled, until, until_known};
use super::traffic::{group_ids, tagged};
use super::{Writer, need};
use crate::aws::Error;
use crate::aws::read::root_volume;
use crate::io::Ids;
use crate::model::{Address, Association, Disk, Instance, Key, Kind, Metadata, Volume};

/// How long an instance may take to start, stop or end; EC2 stops one by force after some minutes.
const INSTANCE_STATE: Duration = Duration::from_secs(600);

/// The root device of Canonical's Ubuntu images.
const ROOT_DEVICE: &str = "/dev/sda1";

/// How many servers of one spec may have come and gone while EC2 remembers their tokens.
const GENERATIONS: u32 = 20;

impl Writer {
    pub(super) async fn create_address(&self, new: &Address) -> Result<String, Error> {
        const CALL: &str = "AllocateAddress";
        let request = self.aws.ec2.allocate_address();
        let request = request
            .domain(DomainType::Vpc)
            .tag_specifications(tagged(ResourceType::ElasticIp, &new.tags));
        let once = aws_sdk_ec2::config::Builder::new().retry_classifier(OnlyThrottled);
        let answer = request.customize().config_override(once).send().await;
        let answer = answer.map_err(Error::call(CALL, &new.name))?;
        answer.allocation_id.ok_or_else(|| Error::Answer {
            operation: CALL,
            about: new.name.clone(),
            lacks: "the allocation's id",
        })
    }

    pub(super) async fn release_address(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.ec2.release_address().allocation_id(id);
        let answer = request.send().await;
        answer.map(drop).map_err(Error::call("ReleaseAddress", id))
    }

    pub(super) async fn associate(
        &self,
        new: &Association,
        ids: &Ids,
        move_it: bool,
    ) -> Result<String, Error> {
        let address = need(ids, &new.address, Kind::ElasticIp, &new.address)?;
        let instance = need(ids, &new.address, Kind::Instance, &new.instance)?;
        let call = || async {
            let request = self.aws.ec2.associate_address();
            let answer = request
                .allocation_id(&address)
                .instance_id(&instance)
                .allow_reassociation(move_it)
                .send()
                .await;
            answer.map_err(Error::call("AssociateAddress", &new.address))
        };
        let answer = until_known(call, Error::is_not_found).await?;
        Ok(answer.association_id.unwrap_or_default())
    }

    pub(super) async fn disassociate(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.ec2.disassociate_address().association_id(id);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("DisassociateAddress", id))
    }

    pub(super) async fn create_instance(&self, new: &Instance, ids: &Ids) -> Result<String, Error> {
        let mut generation = 0;
        // EC2 refuses a token with other parameters, and groups of the same name may have come and gone.
        let groups = group_ids(&new.security_groups, &new.name, ids)?;
        let id = loop {
            let what = (generation, &groups, new);
            let token = self.token(&Key::new(Kind::Instance, &new.name), what);
            let run = || self.run_instance(new, &groups, &token);
            let unknown = |e: &Error| e.says("Invalid IAM Instance Profile") || e.is_not_found();
            match until_known(run, unknown).await {
                // The token's server is gone, and EC2 remembers it: the next one needs a token of its own.
                Err(error)
                    if error.says("IdempotentInstanceTerminated") && generation < GENERATIONS =>
                {
                    generation += 1;
                }
                other => break other?,
            }
        };
        let instance = self.wait_for_instance(&id, "running").await?;
        if let Some(volume) = root_volume(&instance) {
            ids.set(Key::new(Kind::Volume, &new.name), volume);
        }
        Ok(id)
    }

    async fn run_instance(
        &self,
        new: &Instance,
        groups: &[String],
        token: &str,
    ) -> Result<String, Error> {
        const CALL: &str = "RunInstances";
        let profile = new.profile.as_ref().map(|name| {
            IamInstanceProfileSpecification::builder()
                .name(name)
                .build()
        });
        let request = self.aws.ec2.run_instances();
        let answer = request
            .client_token(token)
            .min_count(1)
            .max_count(1)
            .image_id(&new.image.id)
            .instance_type(InstanceType::from(new.instance_type.as_str()))
            .subnet_id(&new.subnet)
            .set_security_group_ids(Some(groups.to_vec()))
            .set_iam_instance_profile(profile)
            .block_device_mappings(root_disk(&new.disk))
            .metadata_options(metadata_request(new.metadata))
            .disable_api_termination(new.termination_protection)
            .set_user_data(new.user_data.as_ref().map(|text| BASE64.encode(text)))
            .tag_specifications(tagged(ResourceType::Instance, &new.tags))
            .tag_specifications(tagged(ResourceType::NetworkInterface, &new.tags))
            .tag_specifications(tagged(ResourceType::Volume, &new.volume_tags))
            .send()
            .await
            .map_err(Error::call(CALL, &new.name))?;
        let id = answer.instances().first().and_then(|i| i.instance_id());
        id.map(str::to_owned).ok_or_else(|| Error::Answer {
            operation: CALL,
            about: new.name.clone(),
            lacks: "the instance's id",
        })
    }

    async fn wait_for_instance(
        &self,
        id: &str,
        state: &'static str,
    ) -> Result<DescribedInstance, Error> {
        until(id, state, INSTANCE_STATE, || async {
            let answer = self.aws.ec2.describe_instances().instance_ids(id).send();
            let answer = answer.await.map_err(Error::call("DescribeInstances", id));
            // An instance that was made a moment ago may not be known yet.
            let answer = crate::aws::error::found(answer)?;
            let reservations = answer.and_then(|a| a.reservations).unwrap_or_default();
            let mut instances = reservations
                .into_iter()
                .flat_map(|r| r.instances.unwrap_or_default());
            Ok(instances.find(|i| {
                let is = i.state().and_then(|s| s.name());
                is.is_some_and(|name| name.as_str() == state)
            }))
        })
        .await
    }

    pub(super) async fn update_instance(
        &self,
        id: &str,
        old: &Instance,
        new: &Instance,
        ids: &Ids,
    ) -> Result<(), Error> {
        let ec2 = &self.aws.ec2;
        if old.security_groups != new.security_groups {
            let groups = group_ids(&new.security_groups, &new.name, ids)?;
            let request = ec2.modify_instance_attribute().instance_id(id);
            let answer = request.set_groups(Some(groups)).send().await;
            answer.map_err(Error::call("ModifyInstanceAttribute", id))?;
        }
        if old.termination_protection != new.termination_protection {
            self.protect(id, new.termination_protection).await?;
        }
        if old.metadata != new.metadata {
            let request = ec2.modify_instance_metadata_options().instance_id(id);
            let answer = request
                .http_tokens(tokens(new.metadata))
                .http_put_response_hop_limit(new.metadata.hop_limit)
                .send()
                .await;
            answer.map_err(Error::call("ModifyInstanceMetadataOptions", id))?;
        }
        if old.profile != new.profile {
            self.set_profile(id, new).await?;
        }
        if old.instance_type != new.instance_type {
            self.resize(id, &new.instance_type).await?;
        } else if new.running && !old.running {
            // It may still be on its way to a stop, and can't be started from there.
            self.wait_for_instance(id, "stopped").await?;
            self.start(id).await?;
        }
        self.tag_ec2(id, &old.tags, &new.tags).await
    }

    async fn protect(&self, id: &str, on: bool) -> Result<(), Error> {
        let request = self.aws.ec2.modify_instance_attribute().instance_id(id);
        let value = AttributeBooleanValue::builder().value(on).build();
        let answer = request.disable_api_termination(value).send().await;
        answer
            .map(drop)
            .map_err(Error::call("ModifyInstanceAttribute", id))
    }

    async fn resize(&self, id: &str, instance_type: &str) -> Result<(), Error> {
        let ec2 = &self.aws.ec2;
        let answer = ec2.stop_instances().instance_ids(id).send().await;
        answer.map_err(Error::call("StopInstances", id))?;
        self.wait_for_instance(id, "stopped").await?;
        let value = AttributeValue::builder().value(instance_type).build();
        let request = ec2.modify_instance_attribute().instance_id(id);
        let changed = request.instance_type(value).send().await;
        let changed = changed.map_err(Error::call("ModifyInstanceAttribute", id));
        // Whether or not the type could be changed, the server must not stay down.
        self.start(id).await?;
        changed.map(drop)
    }

    async fn start(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.ec2.start_instances().instance_ids(id);
        let answer = request.send().await;
        answer.map_err(Error::call("StartInstances", id))?;
        self.wait_for_instance(id, "running").await.map(drop)
    }

    async fn set_profile(&self, id: &str, new: &Instance) -> Result<(), Error> {
        let ec2 = &self.aws.ec2;
        let by_id = aws_sdk_ec2::types::Filter::builder()
            .name("instance-id")
            .values(id)
            .build();
        let request = ec2.describe_iam_instance_profile_associations();
        let answer = request.filters(by_id).send().await;
        let answer = answer.map_err(Error::call("DescribeIamInstanceProfileAssociations", id))?;
        let there = answer.iam_instance_profile_associations().iter();
        let there = there.filter_map(|a| a.association_id()).next();
        let profile = || {
            IamInstanceProfileSpecification::builder()
                .set_name(new.profile.clone())
                .build()
        };
        let call = || async {
            match there {
                Some(association) => {
                    let request = ec2.replace_iam_instance_profile_association();
                    let request = request.association_id(association);
                    let answer = request.iam_instance_profile(profile()).send().await;
                    answer
                        .map(drop)
                        .map_err(Error::call("ReplaceIamInstanceProfileAssociation", id))
                }
                None => {
                    let request = ec2.associate_iam_instance_profile().instance_id(id);
                    let answer = request.iam_instance_profile(profile()).send().await;
                    answer
                        .map(drop)
                        .map_err(Error::call("AssociateIamInstanceProfile", id))
                }
            }
        };
        until_known(call, |e| e.says("Invalid IAM Instance Profile")).await
    }

    pub(super) async fn terminate_instance(&self, id: &str, old: &Instance) -> Result<(), Error> {
        if old.termination_protection {
            self.protect(id, false).await?;
        }
        let request = self.aws.ec2.terminate_instances().instance_ids(id);
        let answer = request.send().await;
        answer.map_err(Error::call("TerminateInstances", id))?;
        self.wait_for_instance(id, "terminated").await.map(drop)
    }

    /// The launch made the volume, with its tags; here it is only found.
    pub(super) async fn find_volume(&self, new: &Volume, ids: &Ids) -> Result<String, Error> {
        if let Some(id) = ids.get(&Key::new(Kind::Volume, &new.name)) {
            return Ok(id);
        }
        let instance = need(ids, &new.name, Kind::Instance, &new.name)?;
        let instance = self.wait_for_instance(&instance, "running").await?;
        root_volume(&instance).ok_or_else(|| Error::Answer {
            operation: "DescribeInstances",
            about: new.name.clone(),
            lacks: "a root volume",
        })
    }

    pub(super) async fn update_volume(
        &self,
        id: &str,
        old: &Volume,
        new: &Volume,
    ) -> Result<(), Error> {
        let grows = new.size_gb > old.size_gb;
        if grows || old.volume_type != new.volume_type {
            let request = self.aws.ec2.modify_volume().volume_id(id);
            let answer = request
                .set_size(grows.then_some(new.size_gb))
                .volume_type(VolumeType::from(new.volume_type.as_str()))
                .send()
                .await;
            answer.map_err(Error::call("ModifyVolume", id))?;
        }
        self.tag_ec2(id, &old.tags, &new.tags).await
    }

    pub(super) async fn delete_volume(&self, id: &str) -> Result<(), Error> {
        let answer = self.aws.ec2.delete_volume().volume_id(id).send().await;
        answer.map(drop).map_err(Error::call("DeleteVolume", id))
    }
}

fn root_disk(disk: &Disk) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .volume_size(disk.size_gb)
        .volume_type(VolumeType::from(disk.volume_type.as_str()))
        .encrypted(disk.encrypted)
        .delete_on_termination(disk.delete_on_termination)
        .build();
    BlockDeviceMapping::builder()
        .device_name(ROOT_DEVICE)
        .ebs(ebs)
        .build()
}

fn tokens(metadata: Metadata) -> HttpTokensState {
    match metadata.token_required {
        true => HttpTokensState::Required,
        false => HttpTokensState::Optional,
    }
}

fn metadata_request(metadata: Metadata) -> InstanceMetadataOptionsRequest {
    InstanceMetadataOptionsRequest::builder()
        .http_tokens(tokens(metadata))
        .http_put_response_hop_limit(metadata.hop_limit)
        .build()
}

//! The server's instance and its root volume.

use std::time::Duration;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, BlockDeviceMapping, EbsBlockDevice,
    EbsInstanceBlockDeviceSpecification, Filter, HttpTokensState, IamInstanceProfileSpecification,
    Instance as DescribedInstance, InstanceBlockDeviceMappingSpecification,
    InstanceMetadataOptionsRequest, InstanceType, ResourceType, VolumeType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use nex_plan::{CancelToken, CloudError as _, ErrorKind};

use super::security_group::{group_ids, tagged};
use super::{Writer, token};
use crate::aws::Error;
use crate::aws::codes::Condition;
use crate::aws::error::if_found;
use crate::aws::number::to_sdk;
use crate::aws::read::{root_mapping_of, root_volume};
use crate::aws::retry::Wait;
use crate::model::{DesiredInstance, Image, Instance, Key, Kind, MetadataOptions, RootVolume};
use crate::ports::Ids;

/// How long an instance may take to start, stop or terminate. EC2 stops an instance by force after some minutes.
const INSTANCE_STATE: Duration = Duration::from_secs(600);

/// How many servers of one spec nex may have created and deleted while EC2 remembers their tokens.
const GENERATIONS: u32 = 20;

impl Writer {
    pub(super) async fn create_instance(
        &self,
        new: &DesiredInstance,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        let mut generation = 0;
        let groups = group_ids(&new.instance.security_groups, &new.instance.name, ids)?;
        let wait = Wait::for_propagation(&new.instance.name, cancel);
        // A group may not be visible yet. An image that does not exist will not appear.
        let unknown = |e: &Error| {
            let is_image = e.has_code("InvalidAMIID.NotFound");
            e.is(Condition::UnknownProfile) || (e.is_not_found() && !is_image)
        };
        let id = loop {
            let token = self.launch_token(new, &groups, generation)?;
            let run = || self.run_instance(new, &groups, &token);
            match wait.until_settled(run, unknown).await {
                // EC2 remembers the token of a terminated instance, so the next instance needs another token.
                Err(error)
                    if error.has_code("IdempotentInstanceTerminated")
                        && generation < GENERATIONS =>
                {
                    generation += 1;
                }
                other => break other?,
            }
        };
        let instance = self.wait_for_instance(&id, "running", cancel).await?;
        if let Some(volume) = root_volume(&instance) {
            ids.set(Key::new(Kind::Volume, &new.instance.name), volume);
        }
        Ok(id)
    }

    fn launch_token(
        &self,
        new: &DesiredInstance,
        groups: &[String],
        generation: u32,
    ) -> Result<String, Error> {
        let DesiredInstance { instance, launch } = new;
        let parameters = token::Launch {
            generation,
            image_id: instance.image.id.as_str(),
            instance_type: &instance.instance_type,
            subnet_id: instance.subnet.as_str(),
            security_group_ids: groups,
            instance_profile: instance.profile.as_deref(),
            root_volume: (&launch.root_volume).into(),
            metadata: instance.metadata.into(),
            termination_protection: instance.termination_protection,
            user_data: launch.user_data.as_deref(),
            tags: &instance.tags,
            volume_tags: &launch.volume_tags,
        };
        self.token(&Key::new(Kind::Instance, &instance.name), &parameters)
    }

    async fn run_instance(
        &self,
        new: &DesiredInstance,
        groups: &[String],
        token: &str,
    ) -> Result<String, Error> {
        const CALL: &str = "RunInstances";
        let DesiredInstance { instance, launch } = new;
        let profile = instance.profile.as_ref().map(|name| {
            IamInstanceProfileSpecification::builder()
                .name(name)
                .build()
        });
        let request = self.aws.ec2.run_instances();
        let answer = request
            .client_token(token)
            .min_count(1)
            .max_count(1)
            .image_id(instance.image.id.as_str())
            .instance_type(InstanceType::from(instance.instance_type.as_str()))
            .subnet_id(instance.subnet.as_str())
            .set_security_group_ids(Some(groups.to_vec()))
            .set_iam_instance_profile(profile)
            .block_device_mappings(root_mapping(&launch.root_volume))
            .metadata_options(metadata_request(instance.metadata))
            .disable_api_termination(instance.termination_protection)
            .set_user_data(launch.user_data.as_ref().map(|text| BASE64.encode(text)))
            .tag_specifications(tagged(ResourceType::Instance, &instance.tags))
            .tag_specifications(tagged(ResourceType::NetworkInterface, &instance.tags))
            .tag_specifications(tagged(ResourceType::Volume, &launch.volume_tags))
            .send()
            .await
            .map_err(Error::call(CALL, &instance.name))?;
        let id = answer.instances().first().and_then(|i| i.instance_id());
        let lacks = Error::lacks(CALL, &instance.name);
        Ok(id.ok_or_else(|| lacks("the instance's id"))?.to_owned())
    }

    pub(super) async fn wait_for_instance(
        &self,
        id: &str,
        state: &'static str,
        cancel: &CancelToken,
    ) -> Result<DescribedInstance, Error> {
        let wait = Wait {
            about: id,
            state,
            limit: INSTANCE_STATE,
            cancel,
        };
        let look = || async {
            let answer = self.aws.ec2.describe_instances().instance_ids(id).send();
            let answer = answer.await.map_err(Error::call("DescribeInstances", id));
            // EC2 may not show an instance that was just created.
            let answer = if_found(answer)?;
            let reservations = answer.and_then(|a| a.reservations).unwrap_or_default();
            let mut instances = reservations
                .into_iter()
                .flat_map(|r| r.instances.unwrap_or_default());
            match instances.next() {
                Some(found) if state_of(&found) == Some(state) => Ok(Some(found)),
                Some(found) => ends_otherwise(&found, id, state).map_or(Ok(None), Err),
                None => Ok(None),
            }
        };
        wait.until(look).await
    }

    pub(super) async fn update_instance(
        &self,
        id: &str,
        old: &Instance,
        new: &Instance<Image>,
        ids: &Ids,
        cancel: &CancelToken,
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
                .http_tokens(http_tokens(new.metadata))
                .http_put_response_hop_limit(to_sdk(new.metadata.hop_limit))
                .send()
                .await;
            answer.map_err(Error::call("ModifyInstanceMetadataOptions", id))?;
        }
        if old.profile != new.profile {
            self.set_profile(id, new, cancel).await?;
        }
        if old.delete_root_volume != new.delete_root_volume {
            self.set_delete_root_volume(id, new.delete_root_volume)
                .await?;
        }
        if old.instance_type != new.instance_type {
            self.resize(id, &old.instance_type, &new.instance_type, cancel)
                .await?;
        } else if new.running && !old.running {
            // EC2 can't start an instance that is still stopping.
            self.wait_for_instance(id, "stopped", cancel).await?;
            self.start(id, cancel).await?;
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

    /// Changes the flag of the instance's root device, whatever the device is called.
    async fn set_delete_root_volume(&self, id: &str, on: bool) -> Result<(), Error> {
        let request = self.aws.ec2.describe_instances().instance_ids(id);
        let answer = request.send().await;
        let answer = answer.map_err(Error::call("DescribeInstances", id))?;
        let instances = answer.reservations().iter().flat_map(|r| r.instances());
        let device = instances
            .filter_map(|i| root_mapping_of(i)?.device_name())
            .next();
        let lacks = Error::lacks("DescribeInstances", id);
        let device = device.ok_or_else(|| lacks("a root device"))?;
        let ebs = EbsInstanceBlockDeviceSpecification::builder().delete_on_termination(on);
        let mapping = InstanceBlockDeviceMappingSpecification::builder()
            .device_name(device)
            .ebs(ebs.build())
            .build();
        let request = self.aws.ec2.modify_instance_attribute().instance_id(id);
        let answer = request.block_device_mappings(mapping).send().await;
        answer
            .map(drop)
            .map_err(Error::call("ModifyInstanceAttribute", id))
    }

    /// If the instance can't start with the new type, it starts with the old one. If the run is cancelled in between, the
    /// instance stays stopped, and the next plan starts it.
    async fn resize(
        &self,
        id: &str,
        old: &str,
        new: &str,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let answer = self.aws.ec2.stop_instances().instance_ids(id).send().await;
        answer.map_err(Error::call("StopInstances", id))?;
        self.wait_for_instance(id, "stopped", cancel).await?;
        match self.start_as(id, new, cancel).await {
            Err(error) if error.kind() != ErrorKind::Cancelled => {
                // The server must not stay down, even if its type could not be changed.
                let back = self.start_as(id, old, cancel).await;
                Err(Error::Resize {
                    about: id.to_owned(),
                    old: old.to_owned(),
                    new: new.to_owned(),
                    restarted: back.is_ok(),
                    source: Box::new(error),
                })
            }
            other => other,
        }
    }

    /// Starts a stopped instance with this type.
    async fn start_as(
        &self,
        id: &str,
        instance_type: &str,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let value = AttributeValue::builder().value(instance_type).build();
        let request = self.aws.ec2.modify_instance_attribute().instance_id(id);
        let answer = request.instance_type(value).send().await;
        answer.map_err(Error::call("ModifyInstanceAttribute", id))?;
        self.start(id, cancel).await
    }

    async fn start(&self, id: &str, cancel: &CancelToken) -> Result<(), Error> {
        let call = || async {
            let answer = self.aws.ec2.start_instances().instance_ids(id).send().await;
            answer.map_err(Error::call("StartInstances", id))
        };
        let wait = Wait::for_propagation(id, cancel);
        wait.until_settled(call, |e| e.is(Condition::TypeNotSettled))
            .await?;
        self.wait_for_instance(id, "running", cancel)
            .await
            .map(drop)
    }

    async fn set_profile(
        &self,
        id: &str,
        new: &Instance<Image>,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        let ec2 = &self.aws.ec2;
        let by_id = Filter::builder().name("instance-id").values(id).build();
        let request = ec2.describe_iam_instance_profile_associations();
        let answer = request.filters(by_id).send().await;
        let answer = answer.map_err(Error::call("DescribeIamInstanceProfileAssociations", id))?;
        let associations = answer.iam_instance_profile_associations().iter();
        let current = associations.filter_map(|a| a.association_id()).next();
        let profile = || {
            IamInstanceProfileSpecification::builder()
                .set_name(new.profile.clone())
                .build()
        };
        let call = || async {
            match current {
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
        let wait = Wait::for_propagation(id, cancel);
        wait.until_settled(call, |e| e.is(Condition::UnknownProfile))
            .await
    }

    pub(super) async fn terminate_instance(
        &self,
        id: &str,
        old: &Instance,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        if old.termination_protection {
            self.protect(id, false).await?;
        }
        // The volume holds the data: only a step of its own deletes it.
        if old.delete_root_volume {
            self.set_delete_root_volume(id, false).await?;
        }
        let request = self.aws.ec2.terminate_instances().instance_ids(id);
        let answer = request.send().await;
        answer.map_err(Error::call("TerminateInstances", id))?;
        self.wait_for_instance(id, "terminated", cancel)
            .await
            .map(drop)
    }
}

fn state_of(instance: &DescribedInstance) -> Option<&str> {
    let name = instance.state().and_then(|s| s.name());
    name.map(|name| name.as_str())
}

/// An instance that is terminating reaches no other state: it may have failed to start.
fn ends_otherwise(instance: &DescribedInstance, id: &str, state: &'static str) -> Option<Error> {
    let ends = matches!(state_of(instance), Some("shutting-down" | "terminated"));
    let reason = instance.state_reason().and_then(|r| r.message());
    (ends && state != "terminated").then(|| Error::Ended {
        about: id.to_owned(),
        state,
        reason: reason.unwrap_or("EC2 gives no reason").to_owned(),
    })
}

fn root_mapping(volume: &RootVolume) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .volume_size(to_sdk(volume.size_gb))
        .volume_type(VolumeType::from(volume.volume_type.as_str()))
        .encrypted(volume.encrypted)
        .delete_on_termination(volume.delete_on_termination)
        .build();
    BlockDeviceMapping::builder()
        .device_name(&volume.device)
        .ebs(ebs)
        .build()
}

fn http_tokens(options: MetadataOptions) -> HttpTokensState {
    if options.token_required {
        HttpTokensState::Required
    } else {
        HttpTokensState::Optional
    }
}

fn metadata_request(options: MetadataOptions) -> InstanceMetadataOptionsRequest {
    InstanceMetadataOptionsRequest::builder()
        .http_tokens(http_tokens(options))
        .http_put_response_hop_limit(to_sdk(options.hop_limit))
        .build()
}

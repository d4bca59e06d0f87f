//! The fleet's launch template.

use std::sync::PoisonError;

use aws_sdk_ec2::types::{
    CreditSpecificationRequest, InstanceType, LaunchTemplateBlockDeviceMappingRequest,
    LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateHttpTokensState,
    LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateTagSpecificationRequest,
    RequestLaunchTemplateData, ResourceType, VolumeType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::security_group::{group_ids, tagged};
use super::{Writer, sdk_tags, token};
use crate::aws::Error;
use crate::aws::number::to_sdk;
use crate::diff::{changes, makes_version};
use crate::model::{DesiredLaunchTemplate, Key, Kind, LaunchTemplate};
use crate::ports::Ids;

impl Writer {
    pub(super) async fn create_template(
        &self,
        new: &DesiredLaunchTemplate,
        ids: &Ids,
    ) -> Result<String, Error> {
        const CALL: &str = "CreateLaunchTemplate";
        let request = self.aws.ec2.create_launch_template();
        // The SDK's own token makes its retries safe. A token of ours could belong to a template that is deleted by
        // now. EC2 allows only one template per name.
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
        let lacks = Error::lacks(CALL, &new.name);
        Ok(id.ok_or_else(|| lacks("the template's id"))?.to_owned())
    }

    pub(super) async fn update_template(
        &self,
        id: &str,
        old: &LaunchTemplate,
        new: &DesiredLaunchTemplate,
        ids: &Ids,
    ) -> Result<(), Error> {
        self.tag_ec2(id, &old.tags, &new.tags).await?;
        let mut version = self.newest_version(&new.name).await?;
        // The diff decides: a newer image alone does not make a new version.
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
        new: &DesiredLaunchTemplate,
        after: i64,
        ids: &Ids,
    ) -> Result<i64, Error> {
        const CALL: &str = "CreateLaunchTemplateVersion";
        let data = template_data(new, ids)?;
        let parameters = token::TemplateVersion {
            template_id: id,
            after,
            image_id: new.image.id.as_str(),
            instance_type: &new.instance_type,
            security_group_ids: data.security_group_ids(),
            instance_profile: new.profile.as_deref(),
            root_volume: (&new.root_volume).into(),
            metadata: new.metadata.into(),
            credits: new.credits.as_deref(),
            user_data: &new.user_data,
            instance_tags: &new.instance_tags,
        };
        let token = self.token(&Key::new(Kind::LaunchTemplate, &new.name), &parameters)?;
        let request = self.aws.ec2.create_launch_template_version();
        let answer = request
            .launch_template_name(&new.name)
            .client_token(token)
            .launch_template_data(data)
            .send()
            .await
            .map_err(Error::call(CALL, &new.name))?;
        let version = answer.launch_template_version();
        let lacks = Error::lacks(CALL, &new.name);
        version
            .and_then(|v| v.version_number())
            .ok_or_else(|| lacks("the version's number"))
    }

    fn note_version(&self, template: &str, version: i64) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.insert(template.to_owned(), version);
    }

    pub(super) async fn newest_version(&self, template: &str) -> Result<i64, Error> {
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
            .ok_or_else(|| Error::lacks(CALL, template)("a version"))
    }

    pub(super) async fn delete_template(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.ec2.delete_launch_template().launch_template_id(id);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeleteLaunchTemplate", id))
    }
}

fn template_data(
    template: &DesiredLaunchTemplate,
    ids: &Ids,
) -> Result<RequestLaunchTemplateData, Error> {
    let groups = group_ids(&template.security_groups, &template.name, ids)?;
    let profile = template.profile.as_ref().map(|name| {
        LaunchTemplateIamInstanceProfileSpecificationRequest::builder()
            .name(name)
            .build()
    });
    let volume = &template.root_volume;
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_size(to_sdk(volume.size_gb))
        .volume_type(VolumeType::from(volume.volume_type.as_str()))
        .encrypted(volume.encrypted)
        .delete_on_termination(volume.delete_on_termination)
        .build();
    let mapping = LaunchTemplateBlockDeviceMappingRequest::builder()
        .device_name(&volume.device)
        .ebs(ebs)
        .build();
    let tokens = if template.metadata.token_required {
        LaunchTemplateHttpTokensState::Required
    } else {
        LaunchTemplateHttpTokensState::Optional
    };
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_tokens(tokens)
        .http_put_response_hop_limit(to_sdk(template.metadata.hop_limit))
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
        .image_id(template.image.id.as_str())
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

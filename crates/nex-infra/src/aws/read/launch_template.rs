//! The fleet's launch template.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    LaunchTemplate as DescribedTemplate, LaunchTemplateHttpTokensState, LaunchTemplateVersion,
    ResponseLaunchTemplateData,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::lookups::filter;
use super::{Found, GroupNames, Reader, tags};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::number::from_sdk;
use crate::ids::ImageId;
use crate::model::{LaunchTemplate, MetadataOptions, RootVolume};
use crate::names::Tags;

impl Reader {
    pub(super) async fn template(&self) -> Result<Option<DescribedTemplate>, Error> {
        let name = self.names.fleet();
        let request = self.aws.ec2.describe_launch_templates();
        let answer = request
            .filters(filter("launch-template-name", [&name]))
            .send()
            .await
            .map_err(Error::call("DescribeLaunchTemplates", name))?;
        Ok(answer
            .launch_templates
            .unwrap_or_default()
            .into_iter()
            .next())
    }

    pub(super) async fn newest_version(&self) -> Result<Option<LaunchTemplateVersion>, Error> {
        let name = self.names.fleet();
        let request = self.aws.ec2.describe_launch_template_versions();
        let answer = request
            .launch_template_name(&name)
            .versions("$Latest")
            .send()
            .await
            .map_err(Error::call("DescribeLaunchTemplateVersions", name));
        let versions = if_found(answer)?.and_then(|a| a.launch_template_versions);
        Ok(versions
            .unwrap_or_default()
            .into_iter()
            .max_by_key(|v| v.version_number()))
    }

    pub(super) fn collect_template(
        &self,
        template: DescribedTemplate,
        version: LaunchTemplateVersion,
        groups: &GroupNames,
        found: &mut Found,
    ) -> Result<(), Error> {
        let tags = tags!(template.tags());
        let newest_is_default = version.default_version().unwrap_or(false);
        let Some(data) = version.launch_template_data else {
            return Ok(());
        };
        let options = data.metadata_options();
        let profile = data.iam_instance_profile();
        let instance_tags = data.tag_specifications();
        let id = template.launch_template_id.ok_or_else(|| {
            let lacks = Error::lacks("DescribeLaunchTemplates", &self.names.fleet());
            lacks("a template's id")
        })?;
        // Another owner's template may leave out any of these; the diff shows the empty value.
        let resource = LaunchTemplate {
            name: self.names.fleet(),
            image: ImageId::new(data.image_id().unwrap_or_default()),
            instance_type: data
                .instance_type()
                .map(|t| t.as_str().to_owned())
                .unwrap_or_default(),
            security_groups: data
                .security_group_ids()
                .iter()
                .map(|id| groups.reference(id))
                .collect(),
            profile: profile.and_then(|p| p.name()).map(str::to_owned),
            root_volume: root_volume(&data),
            metadata: MetadataOptions {
                token_required: options.and_then(|o| o.http_tokens())
                    == Some(&LaunchTemplateHttpTokensState::Required),
                hop_limit: options
                    .and_then(|o| o.http_put_response_hop_limit())
                    .map_or(1, from_sdk),
            },
            credits: data
                .credit_specification()
                .and_then(|c| c.cpu_credits().map(str::to_owned)),
            user_data: decoded(data.user_data().unwrap_or_default()),
            other_settings: other_settings(&data),
            instance_tags: same_tags(instance_tags.iter().map(|s| tags!(s.tags()))),
            newest_is_default,
            tags: self.ours(tags.clone()),
        };
        let owner = self.names.owner(&tags);
        found.add(id, owner, resource)?;
        Ok(())
    }
}

/// The settings that nex never makes.
fn other_settings(data: &ResponseLaunchTemplateData) -> BTreeSet<String> {
    let settings = [
        (
            "CapacityReservation",
            data.capacity_reservation_specification().is_some(),
        ),
        ("CpuOptions", data.cpu_options().is_some()),
        ("DisableApiStop", data.disable_api_stop() == Some(true)),
        (
            "DisableApiTermination",
            data.disable_api_termination() == Some(true),
        ),
        ("EbsOptimized", data.ebs_optimized() == Some(true)),
        ("EnclaveOptions", data.enclave_options().is_some()),
        ("HibernationOptions", data.hibernation_options().is_some()),
        (
            "InstanceMarketOptions",
            data.instance_market_options().is_some(),
        ),
        (
            "InstanceRequirements",
            data.instance_requirements().is_some(),
        ),
        ("KernelId", data.kernel_id().is_some()),
        ("KeyName", data.key_name().is_some()),
        (
            "LicenseSpecifications",
            !data.license_specifications().is_empty(),
        ),
        ("NetworkInterfaces", !data.network_interfaces().is_empty()),
        ("Placement", data.placement().is_some()),
        ("RamDiskId", data.ram_disk_id().is_some()),
        (
            "SeveralBlockDevices",
            data.block_device_mappings().len() > 1,
        ),
    ];
    let made = settings.into_iter().filter(|(_, is_made)| *is_made);
    made.map(|(name, _)| name.to_owned()).collect()
}

fn root_volume(data: &ResponseLaunchTemplateData) -> RootVolume {
    let mapping = data.block_device_mappings().first();
    let ebs = mapping.and_then(|m| m.ebs());
    RootVolume {
        device: mapping
            .and_then(|m| m.device_name())
            .unwrap_or_default()
            .to_owned(),
        size_gb: ebs.and_then(|e| e.volume_size()).map_or(0, from_sdk),
        volume_type: ebs
            .and_then(|e| e.volume_type())
            .map(|t| t.as_str().to_owned())
            .unwrap_or_default(),
        encrypted: ebs.and_then(|e| e.encrypted()).unwrap_or(false),
        delete_on_termination: ebs.and_then(|e| e.delete_on_termination()).unwrap_or(true),
    }
}

/// User data that is not text is not ours; the diff shows that.
pub(super) fn decoded(user_data: &str) -> String {
    let bytes = BASE64.decode(user_data).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// The tags, if all specifications have the same tags; otherwise no tags, which the diff shows.
fn same_tags(mut specifications: impl Iterator<Item = Tags>) -> Tags {
    let first = specifications.next().unwrap_or_default();
    if specifications.all(|other| other == first) {
        first
    } else {
        Tags::new()
    }
}

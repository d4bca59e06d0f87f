//! Looks up the instance types and the images that the spec names: a wrong name fails here, before anything is made.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    ArchitectureType, InstanceType, InstanceTypeInfo, InstanceTypeOffering, LocationType,
};

use super::Reader;
use super::lookups::filter;
use crate::aws::Error;
use crate::aws::number::from_sdk;
use crate::facts::{MachineImage, MachineType, Machines};

impl Reader {
    pub(super) async fn machines(&self) -> Result<Machines, Error> {
        let (types, offers, images) =
            tokio::try_join!(self.instance_types(), self.offers(), self.named_images(),)?;
        Ok(Machines {
            types,
            offers,
            images,
        })
    }

    /// The instance types in the spec.
    fn type_names(&self) -> Vec<&str> {
        let fleet = self.spec.fleet.iter().flat_map(|f| &f.instance_types);
        let names = fleet.chain([&self.spec.server.instance_type]);
        let names: BTreeSet<&str> = names.map(String::as_str).collect();
        names.into_iter().collect()
    }

    async fn instance_types(&self) -> Result<BTreeMap<String, MachineType>, Error> {
        const ABOUT: &str = "aws.server.instance_type, aws.fleet.instance_types";
        let types = self.type_names().into_iter().map(InstanceType::from);
        let request = self.aws.ec2.describe_instance_types();
        let answer = request.set_instance_types(Some(types.collect())).send();
        let answer = answer.await;
        let answer = answer.map_err(Error::call("DescribeInstanceTypes", ABOUT))?;
        Ok(answer
            .instance_types()
            .iter()
            .filter_map(machine_type)
            .collect())
    }

    /// The zones that offer each of the instance types.
    async fn offers(&self) -> Result<BTreeSet<(String, String)>, Error> {
        let request = self.aws.ec2.describe_instance_type_offerings();
        let offers = request
            .location_type(LocationType::AvailabilityZone)
            .filters(filter("instance-type", self.type_names()))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("DescribeInstanceTypeOfferings", "the zones"))?;
        let pair = |offer: InstanceTypeOffering| {
            Some((offer.location?, offer.instance_type?.as_str().to_owned()))
        };
        Ok(offers.into_iter().filter_map(pair).collect())
    }

    /// The images that the spec names. The newest images of their publishers need no look-up.
    async fn named_images(&self) -> Result<BTreeMap<String, MachineImage>, Error> {
        const CALL: &str = "DescribeImages";
        let fleet = self.spec.fleet.as_ref().and_then(|f| f.image.as_ref());
        let names: Vec<String> = self
            .spec
            .server
            .image
            .iter()
            .chain(fleet)
            .cloned()
            .collect();
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let about = "aws.server.image, aws.fleet.image";
        let request = self.aws.ec2.describe_images();
        let answer = request.set_image_ids(Some(names)).send().await;
        let answer = answer.map_err(Error::call(CALL, about))?;
        let lacks = Error::lacks(CALL, about);
        let images = answer.images().iter().map(|image| {
            let id = image.image_id().ok_or_else(|| lacks("an image's id"))?;
            let root_device = image.root_device_name();
            let root_device = root_device.ok_or_else(|| lacks("a root device"))?;
            let architecture = image.architecture();
            let architecture = architecture.ok_or_else(|| lacks("an architecture"))?;
            let image = MachineImage {
                root_device: root_device.to_owned(),
                architecture: architecture.as_str().to_owned(),
            };
            Ok((id.to_owned(), image))
        });
        images.collect()
    }
}

fn machine_type(info: &InstanceTypeInfo) -> Option<(String, MachineType)> {
    let vcpus = info.v_cpu_info().and_then(|v| v.default_v_cpus());
    let memory = info.memory_info().and_then(|m| m.size_in_mib());
    let architectures = info.processor_info();
    let architectures = architectures.map(|p| p.supported_architectures());
    let machine = MachineType {
        vcpus: from_sdk(vcpus?),
        memory_mib: memory?.try_into().unwrap_or_default(),
        architectures: architectures
            .unwrap_or_default()
            .iter()
            .map(ArchitectureType::as_str)
            .map(str::to_owned)
            .collect(),
        is_burstable: info.burstable_performance_supported().unwrap_or_default(),
    };
    Some((info.instance_type()?.as_str().to_owned(), machine))
}

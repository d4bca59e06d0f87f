//! The account's quotas, and what uses them.

use aws_sdk_ec2::types::{Instance, InstanceLifecycleType};

use super::Reader;
use super::lookups::{PAGE, filter};
use crate::aws::Error;
use crate::aws::number::from_sdk;
use crate::facts::Capacity;
use crate::spec::HostSize;

impl Reader {
    pub(super) async fn read_capacity(&self) -> Result<Capacity, Error> {
        let (on_demand, spot, (on_demand_used, spot_used)) = tokio::try_join!(
            self.quota("L-1216C47A"),
            self.quota("L-34B43A08"),
            self.running_vcpus(),
        )?;
        Ok(Capacity {
            on_demand,
            spot,
            on_demand_used,
            spot_used,
        })
    }

    async fn quota(&self, code: &str) -> Result<u32, Error> {
        const CALL: &str = "GetServiceQuota";
        let request = self.aws.quotas.get_service_quota();
        let answer = request.service_code("ec2").quota_code(code).send().await;
        let quota = match answer.map_err(Error::call(CALL, code)) {
            // An account that never asked for more may have no value of its own.
            Err(error) if error.has_code("NoSuchResourceException") => {
                const DEFAULT: &str = "GetAWSDefaultServiceQuota";
                let request = self.aws.quotas.get_aws_default_service_quota();
                let answer = request.service_code("ec2").quota_code(code).send().await;
                answer.map_err(Error::call(DEFAULT, code))?.quota
            }
            answer => answer?.quota,
        };
        let value = quota.and_then(|q| q.value());
        // Quotas are whole numbers of vCPUs, but the API returns floating point numbers.
        value
            .map(|v| v as u32)
            .ok_or_else(|| Error::lacks(CALL, code)("a value"))
    }

    /// The vCPUs in use, on demand and as Spot. The quotas are the account's, so this reads the instances of all teams.
    async fn running_vcpus(&self) -> Result<(u32, u32), Error> {
        let request = self.aws.ec2.describe_instances();
        let reservations = request
            .filters(filter("instance-state-name", ["pending", "running"]))
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(Error::call("DescribeInstances", "the running instances"))?;
        let (mut on_demand, mut spot) = (0, 0);
        for instance in reservations.iter().flat_map(|r| r.instances()) {
            let vcpus = vcpus(instance);
            match instance.instance_lifecycle() {
                Some(InstanceLifecycleType::Spot) => spot += vcpus,
                _ => on_demand += vcpus,
            }
        }
        Ok((on_demand, spot))
    }
}

fn vcpus(instance: &Instance) -> u32 {
    let cpus = instance.cpu_options();
    let cpus = cpus.and_then(|c| Some(c.core_count()? * c.threads_per_core()?));
    let by_name = || {
        let name = instance.instance_type()?.as_str();
        Some(HostSize::of(name)?.vcpus)
    };
    cpus.map(from_sdk).or_else(by_name).unwrap_or_default()
}

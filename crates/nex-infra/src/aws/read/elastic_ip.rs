//! The server's Elastic IP address and its association.

use std::net::Ipv4Addr;

use aws_sdk_ec2::types::Address as DescribedAddress;

use super::{Found, Reader, ambiguous, tags};
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::model::{ElasticIp, ElasticIpAssociation, Key, Kind};

const CALL: &str = "DescribeAddresses";

impl Reader {
    /// The server's address, if there is one, and addresses of others that have its name.
    pub(super) async fn addresses(&self) -> Result<Vec<DescribedAddress>, Error> {
        let request = self.aws.ec2.describe_addresses();
        let answer = request
            .filters(self.by_id_or_name(Kind::ElasticIp, "allocation-id"))
            .send()
            .await
            .map_err(Error::call(CALL, self.names.server()))?;
        let addresses = answer.addresses.unwrap_or_default();
        let is_ours = |a: &DescribedAddress| self.names.own(&tags!(a.tags()));
        let (mut ours, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(is_ours);
        if ours.len() > 1 {
            ours = self.still_allocated(ours).await?;
        }
        if ours.len() > 1 {
            let key = Key::new(Kind::ElasticIp, self.names.server());
            return Err(ambiguous(
                &key,
                ours.iter().filter_map(|a| a.allocation_id()),
            ));
        }
        Ok(ours.into_iter().chain(others).collect())
    }

    /// The addresses that are allocated by now: an answer that EC2 filtered may show the past, an answer by id does not.
    async fn still_allocated(
        &self,
        seen: Vec<DescribedAddress>,
    ) -> Result<Vec<DescribedAddress>, Error> {
        let mut allocated = vec![];
        for id in seen.iter().filter_map(|a| a.allocation_id()) {
            let request = self.aws.ec2.describe_addresses().allocation_ids(id);
            let answer = if_found(request.send().await.map_err(Error::call(CALL, id)))?;
            allocated.extend(answer.and_then(|a| a.addresses).unwrap_or_default());
        }
        Ok(allocated)
    }

    /// Reads the server's Elastic IP address, as a rule with a single call.
    ///
    /// # Errors
    /// [`Error::Call`] if EC2 does not answer; [`Error::Ambiguous`] if two addresses carry our tags.
    pub async fn address(&self) -> Result<Option<Ipv4Addr>, Error> {
        let addresses = self.addresses().await?;
        let ours = addresses.iter().find(|a| self.names.own(&tags!(a.tags())));
        Ok(ours.and_then(|a| a.public_ip()?.parse().ok()))
    }

    pub(super) fn collect_address(
        &self,
        address: DescribedAddress,
        instance: Option<&str>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let tags = tags!(address.tags());
        let owner = self.names.owner(&tags);
        let lacks = Error::lacks(CALL, &self.names.server());
        let id = address.allocation_id.as_deref();
        let id = id.ok_or_else(|| lacks("an allocation's id"))?.to_owned();
        if let Some(at) = address.instance_id().filter(|id| !id.is_empty()) {
            let association = ElasticIpAssociation {
                address: self.names.server(),
                instance: if Some(at) == instance {
                    self.names.server()
                } else {
                    at.to_owned()
                },
            };
            let id = address.association_id();
            let id = id.ok_or_else(|| lacks("an association's id"))?;
            found.add(id, owner.clone(), association)?;
        }
        let public_ip = address.public_ip().and_then(|ip| ip.parse().ok());
        let resource = ElasticIp {
            name: self.names.server(),
            public_ip: public_ip.ok_or_else(|| lacks("an IPv4 address"))?,
            tags: self.ours(tags),
        };
        found.add(id, owner, resource)?;
        Ok(())
    }
}

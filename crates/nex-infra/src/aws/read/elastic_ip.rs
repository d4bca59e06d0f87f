//! The server's Elastic IP address and its association.

use std::net::Ipv4Addr;

use aws_sdk_ec2::types::Address as DescribedAddress;

use super::{Found, Reader, tags};
use crate::aws::Error;
use crate::model::{ElasticIp, ElasticIpAssociation, Kind};

const CALL: &str = "DescribeAddresses";

impl Reader {
    pub(super) async fn addresses(&self) -> Result<Vec<DescribedAddress>, Error> {
        let request = self.aws.ec2.describe_addresses();
        let answer = request
            .filters(self.by_id_or_name(Kind::ElasticIp, "allocation-id"))
            .send()
            .await
            .map_err(Error::call(CALL, self.names.server()))?;
        Ok(answer.addresses.unwrap_or_default())
    }

    /// Reads the server's Elastic IP address with a single call.
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

    pub(super) fn collect_address(
        &self,
        address: DescribedAddress,
        instance: Option<&str>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let tags = tags!(address.tags());
        let owner = self.owner(&tags);
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
            found.add(id, owner, association);
        }
        let public_ip = address.public_ip().and_then(|ip| ip.parse().ok());
        let resource = ElasticIp {
            name: self.names.server(),
            public_ip: public_ip.ok_or_else(|| lacks("an IPv4 address"))?,
            tags: self.ours(tags),
        };
        found.add(id, owner, resource);
        Ok(())
    }
}

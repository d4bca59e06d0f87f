//! The server's Elastic IP address and its association.

use aws_sdk_ec2::types::{DomainType, ResourceType};
use nex_plan::CancelToken;

use super::security_group::tagged;
use super::{Writer, need};
use crate::aws::Error;
use crate::aws::retry::{OnlyThrottled, Wait};
use crate::model::{DesiredElasticIp, ElasticIpAssociation, Kind};
use crate::ports::Ids;

/// What to do with an address that is associated with another instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reassociation {
    /// EC2 refuses the call.
    Refuse,
    /// EC2 moves the address.
    Allow,
}

impl Writer {
    pub(super) async fn allocate_address(&self, new: &DesiredElasticIp) -> Result<String, Error> {
        const CALL: &str = "AllocateAddress";
        let request = self.aws.ec2.allocate_address();
        let request = request
            .domain(DomainType::Vpc)
            .tag_specifications(tagged(ResourceType::ElasticIp, &new.tags));
        let once = aws_sdk_ec2::config::Builder::new().retry_classifier(OnlyThrottled);
        let answer = request.customize().config_override(once).send().await;
        let answer = answer.map_err(Error::call(CALL, &new.name))?;
        let lacks = Error::lacks(CALL, &new.name);
        answer
            .allocation_id
            .ok_or_else(|| lacks("the allocation's id"))
    }

    pub(super) async fn release_address(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.ec2.release_address().allocation_id(id);
        let answer = request.send().await;
        answer.map(drop).map_err(Error::call("ReleaseAddress", id))
    }

    pub(super) async fn associate(
        &self,
        new: &ElasticIpAssociation,
        reassociation: Reassociation,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        const CALL: &str = "AssociateAddress";
        let address = need(ids, &new.address, Kind::ElasticIp, &new.address)?;
        let instance = need(ids, &new.address, Kind::Instance, &new.instance)?;
        let call = || async {
            let request = self.aws.ec2.associate_address();
            let answer = request
                .allocation_id(&address)
                .instance_id(&instance)
                .allow_reassociation(reassociation == Reassociation::Allow)
                .send()
                .await;
            answer.map_err(Error::call(CALL, &new.address))
        };
        let wait = Wait::for_propagation(&new.address, cancel);
        let answer = wait.until_settled(call, Error::is_not_found).await?;
        let lacks = Error::lacks(CALL, &new.address);
        answer
            .association_id
            .ok_or_else(|| lacks("the association's id"))
    }

    pub(super) async fn disassociate(&self, id: &str) -> Result<(), Error> {
        let request = self.aws.ec2.disassociate_address().association_id(id);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("DisassociateAddress", id))
    }
}

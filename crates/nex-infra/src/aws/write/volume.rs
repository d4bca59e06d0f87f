//! The root volume of the server.

use aws_sdk_ec2::types::VolumeType;
use nex_plan::CancelToken;

use super::{Writer, need};
use crate::aws::Error;
use crate::aws::number::to_sdk;
use crate::aws::read::root_volume;
use crate::aws::retry::Wait;
use crate::model::{DesiredVolume, Key, Kind, Volume};
use crate::ports::Ids;

impl Writer {
    /// The launch created the volume with its tags. This call only looks up the volume's id.
    pub(super) async fn find_volume(
        &self,
        new: &DesiredVolume,
        ids: &Ids,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        if let Some(id) = ids.get(&Key::new(Kind::Volume, &new.name)) {
            return Ok(id);
        }
        let instance = need(ids, &new.name, Kind::Instance, &new.name)?;
        let instance = self.wait_for_instance(&instance, "running", cancel).await?;
        let lacks = Error::lacks("DescribeInstances", &new.name);
        root_volume(&instance).ok_or_else(|| lacks("a root volume"))
    }

    pub(super) async fn update_volume(
        &self,
        id: &str,
        old: &Volume,
        new: &DesiredVolume,
    ) -> Result<(), Error> {
        let grows = new.size_gb > old.size_gb;
        if grows || old.volume_type != new.volume_type {
            let request = self.aws.ec2.modify_volume().volume_id(id);
            let answer = request
                .set_size(grows.then(|| to_sdk(new.size_gb)))
                .volume_type(VolumeType::from(new.volume_type.as_str()))
                .send()
                .await;
            answer.map_err(Error::call("ModifyVolume", id))?;
        }
        self.tag_ec2(id, &old.tags, &new.tags).await
    }

    pub(super) async fn delete_volume(&self, id: &str, cancel: &CancelToken) -> Result<(), Error> {
        let call = || async {
            let answer = self.aws.ec2.delete_volume().volume_id(id).send().await;
            answer.map(drop).map_err(Error::call("DeleteVolume", id))
        };
        // A volume is in use for a moment longer than its terminated instance.
        let wait = Wait::for_release(id, cancel);
        wait.until_settled(call, |e| e.has_code("VolumeInUse"))
            .await
    }
}

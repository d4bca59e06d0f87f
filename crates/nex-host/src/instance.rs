//! A host's own identity, and the key of its status.

use crate::text::{Account, ObjectKey, Region, texts};

/// The key of a host's own status in IAM policies. AWS puts the ARN of the instance that makes the call in the
/// variable's place, so one role lets each of its hosts write its own status and no other.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
pub const STATUS_KEY_IN_POLICIES: &str = "status/${ec2:SourceInstanceARN}.json";

texts! {
    /// The ARN of an EC2 instance, such as `arn:aws:ec2:eu-west-3:009001720821:instance/i-0123456789abcdef0`.
    InstanceArn: is_instance_arn, "an instance's ARN", "arn:aws:ec2:REGION:ACCOUNT:instance/i-ID";
}

impl InstanceArn {
    /// The instance's id, `i-...`.
    pub fn id(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or_default()
    }

    /// The key of the instance's status in the status bucket.
    pub fn status_key(&self) -> ObjectKey {
        let key = STATUS_KEY_IN_POLICIES.replace("${ec2:SourceInstanceARN}", self.as_str());
        key.try_into().expect("an ARN is allowed in a key")
    }
}

fn is_instance_arn(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("arn:aws:ec2:") else {
        return false;
    };
    let [region, account, resource] = rest.split(':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let id = resource.strip_prefix("instance/i-").unwrap_or_default();
    region.parse::<Region>().is_ok()
        && account.parse::<Account>().is_ok()
        && (1..=32).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::InvalidText;

    #[test]
    fn an_arn_gives_the_id_and_the_key() -> Result<(), InvalidText> {
        let text = "arn:aws:ec2:eu-west-3:009001720821:instance/i-0123456789abcdef0";
        let arn: InstanceArn = text.parse()?;
        assert_eq!(arn.id(), "i-0123456789abcdef0");
        assert_eq!(arn.status_key().as_str(), format!("status/{text}.json"));
        Ok(())
    }

    #[test]
    fn other_texts_are_no_arns_of_instances() {
        for text in [
            "i-0123456789abcdef0",
            "arn:aws:ec2:eu-west-3:009001720821:volume/vol-1",
            "arn:aws:ec2:eu-west-3:9:instance/i-1",
            "arn:aws:ec2:eu-west-3:009001720821:instance/i-../../x",
            "arn:aws:ec2:eu-west-3:009001720821:instance/i-",
        ] {
            assert!(text.parse::<InstanceArn>().is_err(), "{text}");
        }
    }
}

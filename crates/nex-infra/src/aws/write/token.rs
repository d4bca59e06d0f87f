//! Idempotency tokens: the same for the same call of the same deployment, at any time.
//!
//! EC2 refuses a token that another call with other parameters used, so a token covers every parameter of the call.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::aws::Error;
use crate::model::{Key, MetadataOptions, RootVolume};
use crate::names::Tags;

/// What a token is for.
#[derive(Debug, Serialize)]
struct Purpose<'a, P> {
    deployment: &'a str,
    resource: String,
    parameters: &'a P,
}

/// The parameters of a RunInstances call.
#[derive(Debug, Serialize)]
pub(super) struct Launch<'a> {
    /// Counts the instances of one spec that nex created and deleted while EC2 remembers their tokens.
    pub generation: u32,
    pub image_id: &'a str,
    pub instance_type: &'a str,
    pub subnet_id: &'a str,
    pub security_group_ids: &'a [String],
    pub instance_profile: Option<&'a str>,
    pub root_volume: Volume<'a>,
    pub metadata: Metadata,
    pub termination_protection: bool,
    pub user_data: Option<&'a str>,
    pub tags: &'a Tags,
    pub volume_tags: &'a Tags,
}

/// The parameters of a CreateLaunchTemplateVersion call.
#[derive(Debug, Serialize)]
pub(super) struct TemplateVersion<'a> {
    /// The template's id, because an earlier template may have had the same name.
    pub template_id: &'a str,
    /// The newest version so far: returning to the content of an older version also makes a new version.
    pub after: i64,
    pub image_id: &'a str,
    pub instance_type: &'a str,
    pub security_group_ids: &'a [String],
    pub instance_profile: Option<&'a str>,
    pub root_volume: Volume<'a>,
    pub metadata: Metadata,
    pub credits: Option<&'a str>,
    pub user_data: &'a str,
    pub instance_tags: &'a Tags,
}

#[derive(Debug, Serialize)]
pub(super) struct Volume<'a> {
    device: &'a str,
    size_gb: u32,
    volume_type: &'a str,
    encrypted: bool,
    delete_on_termination: bool,
}

impl<'a> From<&'a RootVolume> for Volume<'a> {
    fn from(volume: &'a RootVolume) -> Self {
        let RootVolume {
            device,
            size_gb,
            volume_type,
            encrypted,
            delete_on_termination,
        } = volume;
        Self {
            device,
            size_gb: *size_gb,
            volume_type,
            encrypted: *encrypted,
            delete_on_termination: *delete_on_termination,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    token_required: bool,
    hop_limit: u32,
}

impl From<MetadataOptions> for Metadata {
    fn from(options: MetadataOptions) -> Self {
        let MetadataOptions {
            token_required,
            hop_limit,
        } = options;
        Self {
            token_required,
            hop_limit,
        }
    }
}

/// The token of a call: 64 characters, the most that EC2 accepts.
pub(super) fn token<P: Serialize>(
    deployment: &str,
    key: &Key,
    parameters: &P,
) -> Result<String, Error> {
    let resource = key.resource_id().to_string();
    let purpose = Purpose {
        deployment,
        resource: resource.clone(),
        parameters,
    };
    let json = serde_json::to_vec(&purpose).map_err(|_| Error::Unchangeable {
        about: resource,
        why: "its parameters can't be written as JSON",
    })?;
    Ok(hex::encode(Sha256::digest(json)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn launch<'a>(tags: &'a Tags, groups: &'a [String]) -> Launch<'a> {
        Launch {
            generation: 0,
            image_id: "ami-1",
            instance_type: "t3a.xlarge",
            subnet_id: "subnet-1",
            security_group_ids: groups,
            instance_profile: Some("web"),
            root_volume: Volume {
                device: "/dev/sda1",
                size_gb: 100,
                volume_type: "gp3",
                encrypted: true,
                delete_on_termination: false,
            },
            metadata: Metadata {
                token_required: true,
                hop_limit: 1,
            },
            termination_protection: true,
            user_data: Some("#!/bin/sh"),
            tags,
            volume_tags: tags,
        }
    }

    fn token_of(deployment: &str, parameters: &Launch<'_>) -> String {
        let key = Key::new(Kind::Instance, "web");
        token(deployment, &key, parameters).expect("a token")
    }

    #[test]
    fn a_token_is_the_same_in_every_build() {
        let tags = Tags::from([("Name".to_owned(), "web".to_owned())]);
        let groups = ["sg-1".to_owned()];
        let token = token_of("staging", &launch(&tags, &groups));
        // From Python's json and hashlib.
        assert_eq!(
            token,
            "22a4c11520ff8402035769a5e77ee8e5671f908b6c7d0bd014671a90559dcf85"
        );
    }

    #[test]
    fn whatever_is_sent_changes_the_token() {
        let (tags, other_tags) = (Tags::new(), Tags::from([("a".to_owned(), String::new())]));
        let (groups, other_groups) = ([], ["sg-1".to_owned()]);
        let base = || launch(&tags, &groups);
        let mut tokens = vec![
            token_of("nex-staging", &base()),
            token_of("nex-production", &base()),
        ];
        let variants = [
            Launch {
                generation: 1,
                ..base()
            },
            Launch {
                image_id: "ami-2",
                ..base()
            },
            Launch {
                instance_type: "t3a.large",
                ..base()
            },
            Launch {
                subnet_id: "subnet-2",
                ..base()
            },
            Launch {
                security_group_ids: &other_groups,
                ..base()
            },
            Launch {
                instance_profile: None,
                ..base()
            },
            Launch {
                termination_protection: false,
                ..base()
            },
            Launch {
                user_data: None,
                ..base()
            },
            Launch {
                tags: &other_tags,
                ..base()
            },
            Launch {
                volume_tags: &other_tags,
                ..base()
            },
        ];
        tokens.extend(
            variants
                .iter()
                .map(|variant| token_of("nex-staging", variant)),
        );
        let count = tokens.len();
        tokens.sort_unstable();
        tokens.dedup();
        assert_eq!(tokens.len(), count);
        assert!(tokens.iter().all(|token| token.len() == 64));
    }
}

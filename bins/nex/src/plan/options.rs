//! What an operator asks of a plan besides its target.

use std::collections::BTreeSet;

use nex_infra::{ImageId, Images};
use nex_plan::ResourceId;
use serde::{Deserialize, Serialize};

/// What a plan is made with. A kept plan holds its options, so that the same plan can be made again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Options {
    /// The machine images that replace the newest ones.
    images: Option<KeptImages>,
    /// The resources that the plan is limited to, with what they need; empty for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) only: Vec<ResourceId>,
    /// The secrets that get a new value, if they are deleted now and would be restored.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) rotate: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptImages {
    server: String,
    fleet: String,
}

impl Options {
    /// Options with the newest images.
    pub(crate) fn new(only: Vec<ResourceId>, rotate: BTreeSet<String>) -> Self {
        Self {
            images: None,
            only,
            rotate,
        }
    }

    /// The same options with these images, so that a newer image does not void a plan.
    #[must_use]
    pub(crate) fn with_images(&self, images: Option<&Images>) -> Self {
        let kept = images.map(|images| KeptImages {
            server: images.server.to_string(),
            fleet: images.fleet.to_string(),
        });
        Self {
            images: kept,
            ..self.clone()
        }
    }

    /// The machine images that replace the newest ones.
    pub(crate) fn images(&self) -> Option<Images> {
        let images = self.images.as_ref()?;
        Some(Images {
            server: ImageId::new(&images.server),
            fleet: ImageId::new(&images.fleet),
        })
    }
}

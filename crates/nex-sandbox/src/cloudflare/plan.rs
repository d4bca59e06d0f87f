//! The plan of a zone, which sets its limits.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The plan that the owner of a zone pays for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Plan {
    #[default]
    Free,
    Pro,
}

impl Plan {
    /// The maximum number of records in a zone.
    pub(super) fn max_records(self) -> usize {
        match self {
            Self::Free => 200,
            Self::Pro => 3500,
        }
    }

    /// The maximum number of changes in a batch.
    pub(super) fn max_batch(self) -> usize {
        match self {
            Self::Free => 200,
            Self::Pro => 3500,
        }
    }

    /// The maximum length of a record's comment in characters.
    pub(super) fn max_comment_length(self) -> usize {
        match self {
            Self::Free => 100,
            Self::Pro => 500,
        }
    }

    /// The maximum number of tags on a record.
    pub(super) fn max_tags(self) -> usize {
        match self {
            Self::Free => 0,
            Self::Pro => 20,
        }
    }

    /// The plan as the API returns it.
    pub(super) fn to_json(self) -> Value {
        let (id, name, legacy_id) = match self {
            Self::Free => ("0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Free Website", "free"),
            Self::Pro => ("1feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Pro Website", "pro"),
        };
        json!({
            "id": id,
            "name": name,
            "price": 0,
            "currency": "USD",
            "frequency": "",
            "is_subscribed": self != Self::Free,
            "can_subscribe": false,
            "legacy_id": legacy_id,
            "legacy_discount": false,
            "externally_managed": false,
        })
    }
}

//! The account that holds the state of the emulator.

use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use super::config::Config;
use super::envelope::ApiError;
use super::plan::Plan;
use super::token::Tokens;
use super::zone::Zone;

/// The state of the emulator.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) config: Config,
    pub(super) ids: Ids,
    pub(super) tokens: Tokens,
    pub(super) zones: Vec<Zone>,
    /// All certificates, including the revoked ones.
    pub(super) certificates: Vec<Certificate>,
}

impl Account {
    /// An account without zones. Its only token has all scopes.
    pub(super) fn new() -> Self {
        let mut ids = Ids::default();
        Self {
            id: ids.next("account"),
            config: Config::default(),
            tokens: Tokens::new(ids.next("token")),
            ids,
            zones: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// The zone with this id.
    pub(super) fn zone(&self, id: &str) -> Result<&Zone, ApiError> {
        self.zones
            .iter()
            .find(|zone| zone.id == id)
            .ok_or_else(|| ApiError::not_found(&format!("/zones/{id}")))
    }

    /// The zone with this id, for changes.
    pub(super) fn zone_mut(&mut self, id: &str) -> Result<&mut Zone, ApiError> {
        self.zones
            .iter_mut()
            .find(|zone| zone.id == id)
            .ok_or_else(|| ApiError::not_found(&format!("/zones/{id}")))
    }

    /// Adds an active zone and returns its id.
    pub(super) fn add_zone(&mut self, name: &str, plan: Plan) -> String {
        let id = self.ids.next("zone");
        self.zones
            .push(Zone::new(id.clone(), name.to_owned(), plan));
        id
    }
}

/// Creates unique ids in the format of Cloudflare's ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    last: u64,
}

impl Ids {
    /// An id of 32 hexadecimal digits.
    pub(super) fn next(&mut self, kind: &str) -> String {
        self.last += 1;
        let hash = Sha256::digest(format!("{kind} {}", self.last));
        hex::encode(&hash[..16])
    }

    /// A certificate's serial number, which is also its id. Its first bit is 0, because DER would
    /// read it as a negative number otherwise.
    pub(super) fn serial(&mut self) -> u128 {
        u128::from_str_radix(&self.next("certificate"), 16).unwrap_or(1) >> 1
    }
}

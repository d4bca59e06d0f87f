//! What was read of a zone at one moment.

use std::collections::BTreeMap;

use crate::name::canonical;
use crate::record::content;
use crate::setting::Setting;
use crate::spec::RecordKind;
use crate::{LiveCertificate, owner};

/// A zone as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// Its id at Cloudflare.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Every record, of whatever kind, in Cloudflare's order.
    pub records: Vec<Existing>,
    /// Its settings, as far as they were asked for.
    pub settings: BTreeMap<Setting, String>,
    /// Its live Origin CA certificates, if they were asked for.
    pub certificates: Vec<LiveCertificate>,
}

/// A record that is there, as Cloudflare shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Its id.
    pub id: String,
    /// Its type; one that nex-dns does not know is kept and never touched.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: String,
    /// Its ttl in seconds; 1 is automatic.
    pub ttl: u32,
    /// Whether it is proxied.
    pub proxied: bool,
    /// Its comment.
    pub comment: Option<String>,
}

impl Existing {
    /// Its type, if it is one that a spec can hold.
    pub fn known(&self) -> Option<RecordKind> {
        RecordKind::parse(&self.kind)
    }

    /// Its name in canonical form.
    pub(crate) fn name_in(&self, zone: &str) -> String {
        canonical(&self.name, zone).unwrap_or_else(|_| self.name.to_lowercase())
    }

    /// Its content in canonical form.
    pub(crate) fn canonical_content(&self) -> String {
        match self.known() {
            Some(kind) => content(kind, &self.content),
            None => self.content.clone(),
        }
    }

    /// The environment whose mark it carries.
    pub fn environment(&self) -> Option<&str> {
        owner::environment(self.comment.as_deref()?)
    }
}

//! Reads zones and certificates through the client.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use nex_plan::{CloudError as _, ErrorKind};

use super::endpoints as call;
use super::error::Error;
use super::wire::{CertificateWire, ZoneWire};
use super::{Client, Writer};
use crate::certificate::LiveCertificate;
use crate::ids::{CertificateId, ZoneId};
use crate::name::canonical_zone;
use crate::ports::ZoneReader;
use crate::setting::Setting;
use crate::zone::{ObservedRecord, Zone, ZoneQuery};

impl ZoneReader for Client {
    type Error = Error;
    type Writer = Writer;

    async fn zone(&self, query: &ZoneQuery) -> Result<Zone, Error> {
        let id = self.zone_id(&query.zone).await?;
        let records = async {
            if query.records {
                self.records_of(&id, &query.zone).await
            } else {
                Ok(vec![])
            }
        };
        let certificates = async {
            match &query.certificates {
                Some(known) => self.certificates(&id, known).await.map(Some),
                None => Ok(None),
            }
        };
        let settings = self.settings_of(&id, &query.zone, &query.settings);
        let (records, settings, certificates) = tokio::try_join!(records, settings, certificates)?;
        Ok(Zone {
            name: query.zone.clone(),
            id,
            records,
            settings,
            certificates,
        })
    }

    async fn certificates(
        &self,
        zone: &ZoneId,
        known: &BTreeSet<CertificateId>,
    ) -> Result<Vec<LiveCertificate>, Error> {
        let operation = "list the zone's Origin CA certificates";
        let listed: Vec<CertificateWire> = self
            .pages(|page| call::certificates(zone, page), operation)
            .await?;
        let listed = listed.into_iter().map(|wire| live(wire, operation));
        let listed: Vec<Option<LiveCertificate>> = listed.collect::<Result<_, _>>()?;
        let mut found: BTreeMap<CertificateId, LiveCertificate> = listed
            .into_iter()
            .flatten()
            .map(|one| (one.id.clone(), one))
            .collect();
        let missed = known.iter().filter(|id| !found.contains_key(*id));
        let missed = try_join_all(missed.map(|id| self.certificate(id))).await?;
        found.extend(
            missed
                .into_iter()
                .flatten()
                .map(|one| (one.id.clone(), one)),
        );
        Ok(found.into_values().collect())
    }

    fn writer(&self) -> Writer {
        Writer {
            client: self.clone(),
        }
    }
}

impl Client {
    async fn zone_id(&self, name: &str) -> Result<ZoneId, Error> {
        let mut zones = self.zones_named(name, name).await?;
        // Cloudflare lists a zone by its name in unicode, and the zone's records by names in punycode.
        let (unicode, _) = idna::domain_to_unicode(name);
        if zones.is_empty() && unicode != name {
            zones = self.zones_named(name, &unicode).await?;
        }
        // The same name may wait for activation in another account.
        if zones.len() > 1 {
            zones.retain(|zone| zone.status.as_deref() == Some("active"));
        }
        match zones.len() {
            1 => Ok(zones.remove(0).id),
            found => Err(Error::Zone {
                zone: name.to_owned(),
                found,
            }),
        }
    }

    /// The zones that Cloudflare finds by a form of their canonical name.
    async fn zones_named(&self, name: &str, form: &str) -> Result<Vec<ZoneWire>, Error> {
        let operation = format!("find the zone {name}");
        let zones = self.call(&call::zones(form), &operation).await?.result.0;
        let is_it = |zone: &ZoneWire| canonical_zone(&zone.name).is_ok_and(|found| found == name);
        Ok(zones.into_iter().filter(is_it).collect())
    }

    async fn records_of(&self, id: &ZoneId, name: &str) -> Result<Vec<ObservedRecord>, Error> {
        let operation = format!("list the records of {name}");
        let records = self
            .pages(|page| call::records(id, page), &operation)
            .await?;
        // A record that is created between two calls may be on both pages.
        let mut seen = BTreeSet::new();
        let records = records.into_iter().map(ObservedRecord::from);
        Ok(records
            .filter(|record| seen.insert(record.id.clone()))
            .collect())
    }

    async fn settings_of(
        &self,
        id: &ZoneId,
        name: &str,
        wanted: &BTreeSet<Setting>,
    ) -> Result<BTreeMap<Setting, String>, Error> {
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut values = self.settings_listed(id, name).await?;
        // On some plans, the list lacks some settings.
        let missing = wanted.iter().filter(|s| !values.contains_key(s));
        let alone = missing.map(|setting| async move {
            let operation = format!("read the setting {setting} of {name}");
            let wire = self
                .call(&call::setting(id, &setting.to_string()), &operation)
                .await?;
            Ok::<_, Error>((*setting, wire.result.text()))
        });
        let alone = try_join_all(alone).await?.into_iter();
        values.extend(alone.filter_map(|(setting, value)| Some((setting, value?))));
        values.retain(|setting, _| wanted.contains(setting));
        Ok(values)
    }

    /// The list only saves calls: if Cloudflare refuses the list, each setting is read on its own.
    async fn settings_listed(
        &self,
        id: &ZoneId,
        name: &str,
    ) -> Result<BTreeMap<Setting, String>, Error> {
        let operation = format!("read the settings of {name}");
        let all = match self.call(&call::settings(id), &operation).await {
            Ok(answer) => answer.result.0,
            Err(Error::Refused(refusal)) if matches!(refusal.status, 400 | 403..=405) => vec![],
            Err(error) => return Err(error),
        };
        let known = all
            .into_iter()
            .filter_map(|wire| Some((wire.id.parse().ok()?, wire.text()?)));
        Ok(known.collect())
    }

    async fn certificate(&self, id: &CertificateId) -> Result<Option<LiveCertificate>, Error> {
        let operation = format!("read the certificate {id}");
        match self.call(&call::certificate(id), &operation).await {
            Ok(answer) => live(answer.result, &operation),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn live(
    wire: CertificateWire,
    operation: &str,
) -> Result<Option<LiveCertificate>, Error> {
    wire.live().map_err(|missing| Error::Answer {
        operation: operation.to_owned(),
        missing,
    })
}

//! Reading zones and certificates by the client.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use nex_plan::Class;

use super::Client;
use super::endpoints as call;
use super::error::Error;
use super::wire::CertificateWire;
use crate::certificate::LiveCertificate;
use crate::io::{Ask, Failure as _, Read};
use crate::setting::Setting;
use crate::zone::{Existing, Zone};

impl Read for Client {
    type Error = Error;

    async fn zone(&self, ask: &Ask) -> Result<Zone, Error> {
        let id = self.zone_id(&ask.zone).await?;
        let certificates = async {
            match &ask.certificates {
                Some(known) => self.certificates(&id, known).await,
                None => Ok(vec![]),
            }
        };
        let (records, settings, certificates) = tokio::try_join!(
            self.records_of(&id, &ask.zone),
            self.settings_of(&id, &ask.zone, &ask.settings),
            certificates
        )?;
        Ok(Zone {
            name: ask.zone.clone(),
            id,
            records,
            settings,
            certificates,
        })
    }

    async fn certificates(
        &self,
        zone: &str,
        known: &BTreeSet<String>,
    ) -> Result<Vec<LiveCertificate>, Error> {
        let doing = "list the zone's Origin CA certificates";
        let listed: Vec<CertificateWire> = self
            .pages(|page| call::certificates(zone, page), doing)
            .await?;
        let listed = listed.into_iter().map(|wire| live(wire, doing));
        let listed: Vec<Option<LiveCertificate>> = listed.collect::<Result<_, _>>()?;
        let mut found: BTreeMap<String, LiveCertificate> = listed
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
}

impl Client {
    async fn zone_id(&self, name: &str) -> Result<String, Error> {
        let doing = format!("find the zone {name}");
        let zones = self.call(&call::zones(name), &doing).await?.result.0;
        let mut zones: Vec<_> = zones.into_iter().filter(|zone| zone.name == name).collect();
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

    async fn records_of(&self, id: &str, name: &str) -> Result<Vec<Existing>, Error> {
        let doing = format!("list the records of {name}");
        let records = self.pages(|page| call::records(id, page), &doing).await?;
        // A record that is made between two pages may be on both.
        let mut seen = BTreeSet::new();
        let records = records.into_iter().map(Existing::from);
        Ok(records
            .filter(|record| seen.insert(record.id.clone()))
            .collect())
    }

    async fn settings_of(
        &self,
        id: &str,
        name: &str,
        wanted: &BTreeSet<Setting>,
    ) -> Result<BTreeMap<Setting, String>, Error> {
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut values = self.settings_listed(id, name).await?;
        // Some settings stand beside the list on some plans.
        let missing = wanted.iter().filter(|s| !values.contains_key(s));
        let alone = missing.map(|setting| async {
            let doing = format!("read the setting {} of {name}", setting.as_str());
            let wire = self
                .call(&call::setting(id, setting.as_str()), &doing)
                .await?;
            Ok::<_, Error>((*setting, wire.result.text()))
        });
        let alone = try_join_all(alone).await?.into_iter();
        values.extend(alone.filter_map(|(setting, value)| Some((setting, value?))));
        values.retain(|setting, _| wanted.contains(setting));
        Ok(values)
    }

    /// The list saves calls and nothing more: one that is refused is an empty one, and each setting is read alone.
    async fn settings_listed(
        &self,
        id: &str,
        name: &str,
    ) -> Result<BTreeMap<Setting, String>, Error> {
        let doing = format!("read the settings of {name}");
        let all = match self.call(&call::settings(id), &doing).await {
            Ok(answer) => answer.result.0,
            Err(Error::Refused(refusal)) if matches!(refusal.status, 400 | 403..=405) => vec![],
            Err(error) => return Err(error),
        };
        let known = all
            .into_iter()
            .filter_map(|wire| Some((Setting::parse(&wire.id)?, wire.text()?)));
        Ok(known.collect())
    }

    async fn certificate(&self, id: &str) -> Result<Option<LiveCertificate>, Error> {
        let doing = format!("read the certificate {id}");
        match self.call(&call::certificate(id), &doing).await {
            Ok(answer) => live(answer.result, &doing),
            Err(error) if error.class() == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn live(wire: CertificateWire, doing: &str) -> Result<Option<LiveCertificate>, Error> {
    wire.live().map_err(|lacks| Error::Answer {
        doing: doing.to_owned(),
        lacks,
    })
}

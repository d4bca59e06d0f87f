//! Reading and changing zones and certificates by the client.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use nex_plan::Class;

use super::endpoints as call;
use super::error::Error;
use super::wire::{BatchBody, CertificateWire, IssueBody, RecordBody};
use super::{Answer, Client};
use crate::certificate::{LiveCertificate, Request};
use crate::diff::{Do, Step};
use crate::io::{Ask, Failure as _, Read, Write};
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

impl Write for Client {
    type Error = Error;

    async fn records(&self, zone: &str, steps: &[Step]) -> Result<(), Error> {
        match steps {
            [] => Ok(()),
            [step] => self.record(zone, step).await,
            _ => {
                let doing = format!("change {} records", steps.len());
                self.call(&call::batch(zone, &BatchBody::of(steps)), &doing)
                    .await
                    .map(drop)
            }
        }
    }

    async fn set(&self, zone: &str, setting: Setting, value: &str) -> Result<(), Error> {
        let name = setting.as_str();
        let doing = format!("set {name} to {value}");
        self.call(&call::change_setting(zone, name, value), &doing)
            .await
            .map(drop)
    }

    async fn issue(&self, request: &Request) -> Result<LiveCertificate, Error> {
        let names: Vec<&str> = request.terms.hostnames.iter().map(String::as_str).collect();
        let doing = format!("have a certificate issued for {}", names.join(", "));
        let endpoint = call::issue_certificate(&IssueBody::of(request));
        let Answer { result, .. } = self.call(&endpoint, &doing).await?;
        live(result, &doing)?.ok_or(Error::Answer {
            doing,
            lacks: "a certificate that is not revoked",
        })
    }

    async fn revoke(&self, id: &str) -> Result<(), Error> {
        let doing = format!("revoke the certificate {id}");
        gone_is_fine(self.call(&call::revoke_certificate(id), &doing).await)
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
        let doing = format!("read the settings of {name}");
        let all = self.call(&call::settings(id), &doing).await?.result.0;
        let known = all
            .into_iter()
            .filter_map(|wire| Some((Setting::parse(&wire.id)?, wire.text()?)));
        let mut values: BTreeMap<Setting, String> = known.collect();
        // Some settings stand beside the list on some plans.
        let missing = wanted
            .iter()
            .filter(|setting| !values.contains_key(setting));
        let alone = missing.map(|setting| {
            let doing = format!("read the setting {} of {name}", setting.as_str());
            async move {
                let wire = self
                    .call(&call::setting(id, setting.as_str()), &doing)
                    .await?
                    .result;
                Ok::<_, Error>((*setting, wire.text()))
            }
        });
        let alone = try_join_all(alone).await?;
        values.extend(
            alone
                .into_iter()
                .filter_map(|(setting, value)| Some((setting, value?))),
        );
        values.retain(|setting, _| wanted.contains(setting));
        Ok(values)
    }

    async fn certificate(&self, id: &str) -> Result<Option<LiveCertificate>, Error> {
        let doing = format!("read the certificate {id}");
        match self.call(&call::certificate(id), &doing).await {
            Ok(answer) => live(answer.result, &doing),
            Err(error) if error.class() == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn record(&self, zone: &str, step: &Step) -> Result<(), Error> {
        let name = &step.resource.name;
        match &step.what {
            Do::Create(new) => {
                let endpoint = call::create_record(zone, &RecordBody::whole(new));
                self.call(&endpoint, &format!("create {name}"))
                    .await
                    .map(drop)
            }
            Do::Update(old, new) => {
                let body = RecordBody::differing(old, new);
                let endpoint = call::change_record(zone, &old.id, &body);
                self.call(&endpoint, &format!("change {name}"))
                    .await
                    .map(drop)
            }
            Do::Delete(old) => {
                let endpoint = call::delete_record(zone, &old.id);
                gone_is_fine(self.call(&endpoint, &format!("delete {name}")).await)
            }
        }
    }
}

fn live(wire: CertificateWire, doing: &str) -> Result<Option<LiveCertificate>, Error> {
    wire.live().map_err(|lacks| Error::Answer {
        doing: doing.to_owned(),
        lacks,
    })
}

/// After a lost answer, the second try finds nothing left to delete.
fn gone_is_fine<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.class() != Class::NotFound => Err(error),
        _ => Ok(()),
    }
}

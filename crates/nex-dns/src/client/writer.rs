//! Changing zones and certificates by the client.

use nex_plan::Class;

use super::endpoints as call;
use super::error::Error;
use super::wire::{BatchBody, IssueBody, RecordBody};
use super::zone::live;
use super::{Answer, Client};
use crate::certificate::{LiveCertificate, Request};
use crate::diff::{Do, Step};
use crate::io::{Failure as _, Write};
use crate::setting::Setting;

/// Changes what the client's token may change. A dry run has none.
#[derive(Debug)]
pub struct Writer<'a> {
    client: &'a Client,
}

impl Client {
    /// What changes things by this client.
    pub fn writer(&self) -> Writer<'_> {
        Writer { client: self }
    }
}

impl Write for Writer<'_> {
    type Error = Error;

    async fn records(&self, zone: &str, steps: &[Step]) -> Result<(), Error> {
        match steps {
            [] => Ok(()),
            [step] => self.record(zone, step).await,
            _ => {
                let doing = format!("change {} records", steps.len());
                self.client
                    .call(&call::batch(zone, &BatchBody::of(steps)), &doing)
                    .await
                    .map(drop)
            }
        }
    }

    async fn set(&self, zone: &str, setting: Setting, value: &str) -> Result<(), Error> {
        let name = setting.as_str();
        let doing = format!("set {name} to {value}");
        self.client
            .call(&call::change_setting(zone, name, value), &doing)
            .await
            .map(drop)
    }

    async fn issue(&self, request: &Request) -> Result<LiveCertificate, Error> {
        let names: Vec<&str> = request.terms.hostnames.iter().map(String::as_str).collect();
        let doing = format!("have a certificate issued for {}", names.join(", "));
        let endpoint = call::issue_certificate(&IssueBody::of(request));
        let Answer { result, .. } = self.client.call(&endpoint, &doing).await?;
        live(result, &doing)?.ok_or(Error::Answer {
            doing,
            lacks: "a certificate that is not revoked",
        })
    }

    async fn revoke(&self, id: &str) -> Result<(), Error> {
        let doing = format!("revoke the certificate {id}");
        gone_is_fine(
            self.client
                .call(&call::revoke_certificate(id), &doing)
                .await,
        )
    }
}

impl Writer<'_> {
    async fn record(&self, zone: &str, step: &Step) -> Result<(), Error> {
        let name = &step.resource.name;
        match &step.what {
            Do::Create(new) => {
                let endpoint = call::create_record(zone, &RecordBody::whole(new));
                self.client
                    .call(&endpoint, &format!("create {name}"))
                    .await
                    .map(drop)
            }
            Do::Update(old, new) => {
                let body = RecordBody::differing(old, new);
                let endpoint = call::change_record(zone, &old.id, &body);
                self.client
                    .call(&endpoint, &format!("change {name}"))
                    .await
                    .map(drop)
            }
            Do::Delete(old) => {
                let endpoint = call::delete_record(zone, &old.id);
                gone_is_fine(self.client.call(&endpoint, &format!("delete {name}")).await)
            }
        }
    }
}

/// After a lost answer, the second try finds nothing left to delete.
fn gone_is_fine<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.class() != Class::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! Changes zones and certificates through the client.

use nex_plan::{CloudError as _, ErrorKind, PlanEntry as _};

use super::endpoints as call;
use super::error::Error;
use super::wire::{BatchBody, IssueBody, RecordBody};
use super::zone::live;
use super::{Answer, Client};
use crate::certificate::{CertificateRequest, LiveCertificate};
use crate::change::{RecordChange, RecordStep};
use crate::ids::{CertificateId, ZoneId};
use crate::ports::ZoneWriter;
use crate::setting::Setting;

/// Changes zones and certificates. A dry run has no writer.
#[derive(Clone, Debug)]
pub struct Writer {
    pub(super) client: Client,
}

impl ZoneWriter for Writer {
    type Error = Error;

    async fn records(&self, zone: &ZoneId, steps: &[RecordStep]) -> Result<(), Error> {
        match steps {
            [] => Ok(()),
            [step] => self.record(zone, step).await,
            _ => {
                let operation = format!("change {} records", steps.len());
                self.client
                    .call(&call::batch(zone, &BatchBody::of(steps)), &operation)
                    .await
                    .map(drop)
            }
        }
    }

    fn blamed(error: &Error, steps: &[RecordStep]) -> Vec<usize> {
        error.blamed(steps)
    }

    async fn set(&self, zone: &ZoneId, setting: Setting, value: &str) -> Result<(), Error> {
        let name = &setting.to_string();
        let operation = format!("set {name} to {value}");
        self.client
            .call(&call::change_setting(zone, name, value), &operation)
            .await
            .map(drop)
    }

    async fn issue(&self, request: &CertificateRequest) -> Result<LiveCertificate, Error> {
        let names: Vec<&str> = request.terms.hostnames.iter().map(String::as_str).collect();
        let operation = format!("have a certificate issued for {}", names.join(", "));
        let endpoint = call::issue_certificate(&IssueBody::of(request));
        let Answer { result, .. } = self.client.call(&endpoint, &operation).await?;
        live(result, &operation)?.ok_or(Error::Answer {
            operation,
            missing: "a certificate that is not revoked",
        })
    }

    async fn revoke(&self, id: &CertificateId) -> Result<(), Error> {
        let operation = format!("revoke the certificate {id}");
        gone_is_fine(
            self.client
                .call(&call::revoke_certificate(id), &operation)
                .await,
        )
    }
}

impl Writer {
    async fn record(&self, zone: &ZoneId, step: &RecordStep) -> Result<(), Error> {
        let name = &step.id().name;
        match &step.change {
            RecordChange::Create(new) => {
                let endpoint = call::create_record(zone, &RecordBody::whole(new));
                self.client
                    .call(&endpoint, &format!("create {name}"))
                    .await
                    .map(drop)
            }
            RecordChange::Update(old, new) => {
                let body = RecordBody::differing(old, new);
                let endpoint = call::change_record(zone, &old.id, &body);
                self.client
                    .call(&endpoint, &format!("change {name}"))
                    .await
                    .map(drop)
            }
            RecordChange::Delete(old) => {
                let endpoint = call::delete_record(zone, &old.id);
                gone_is_fine(self.client.call(&endpoint, &format!("delete {name}")).await)
            }
        }
    }
}

/// After a lost answer, the second try may find that the resource no longer exists.
fn gone_is_fine<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

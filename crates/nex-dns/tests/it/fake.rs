//! A Cloudflare in memory, with a place for secrets: it keeps state, refuses what the real one refuses, and can crash
//! or lose an answer at any write.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use nex_dns::certificate::{CertificateRequest, LiveCertificate, fingerprint_of_certificate};
use nex_dns::ports::{ZoneReader, ZoneWriter};
use nex_dns::record::NewRecord;
use nex_dns::step::{RecordChange, RecordStep};
use nex_dns::zone::{ObservedRecord, Zone, ZoneQuery};
use nex_dns::{CertificateId, RecordId, Setting, Spec, ZoneId, ZoneManager};
use nex_plan::{CloudError, ErrorKind};
use rcgen::{CertificateParams, CertificateSigningRequestParams, Issuer, KeyPair};
use time::{Duration, OffsetDateTime};

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct FakeError {
    message: &'static str,
    kind: ErrorKind,
}

impl CloudError for FakeError {
    fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        None
    }
}

fn refuse<T>(kind: ErrorKind, message: &'static str) -> Result<T, FakeError> {
    Err(FakeError { message, kind })
}

/// What the next write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The program ends before the write.
    CrashBefore,
    /// The program ends after the write.
    CrashAfter,
    /// The write is executed, and its answer is lost.
    Lose,
    /// The run is cancelled while the write waits for its turn.
    Cancel,
}

/// Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct Fake(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) zone: Zone,
    /// The certificates that are neither revoked nor expired.
    pub(crate) certificates: Vec<LiveCertificate>,
    /// The only secret: its version and its text.
    pub(crate) secret: Option<(u32, String)>,
    /// The version of a value that someone else stored.
    pub(crate) by_others: Option<u32>,
    /// Writes left until the fault.
    pub(crate) fault: Option<(usize, Fault)>,
    pub(crate) writes: usize,
    /// How many writers there were.
    pub(crate) writers: usize,
    pub(crate) reads: usize,
    /// How often a secret's value was read.
    pub(crate) values_read: usize,
    /// Reads of the zone left until nobody answers.
    pub(crate) reads_left: Option<usize>,
    /// What someone else creates just before the next write.
    pub(crate) appears: Option<ObservedRecord>,
    pub(crate) issued: usize,
    /// Whether each call gives way once, so that a test can interleave two runs.
    pub(crate) gives_way: bool,
    pub(crate) now: OffsetDateTime,
    next_id: u32,
}

impl Fake {
    pub(crate) fn new(zone: Zone) -> Self {
        let state = State {
            zone,
            certificates: vec![],
            secret: None,
            by_others: None,
            fault: None,
            writes: 0,
            writers: 0,
            reads: 0,
            values_read: 0,
            reads_left: None,
            appears: None,
            issued: 0,
            gives_way: false,
            now: OffsetDateTime::UNIX_EPOCH,
            next_id: 0,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic before")
    }

    /// The manager of this zone for nex-staging, which keeps its secrets here too.
    pub(crate) fn manager(&self, spec: &Spec) -> ZoneManager<Fake, Fake> {
        ZoneManager::new(self.clone(), self.clone(), spec.clone(), "nex-staging")
            .expect("a valid spec")
    }

    pub(crate) async fn give_way(&self) {
        if self.state().gives_way {
            let mut once = true;
            std::future::poll_fn(|_| {
                if std::mem::take(&mut once) {
                    std::task::Poll::Pending
                } else {
                    std::task::Poll::Ready(())
                }
            })
            .await;
        }
    }

    /// One write with the fault that is due.
    pub(crate) async fn write<T>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, FakeError> + Send,
    ) -> Result<T, FakeError> {
        self.give_way().await;
        let due = self.state().due();
        match due {
            Some(Fault::CrashBefore) => pending::<()>().await,
            Some(Fault::Cancel) => return refuse(ErrorKind::Cancelled, "cancelled while waiting"),
            _ => {}
        }
        let result = act(&mut self.state());
        match due {
            Some(Fault::CrashAfter) => pending().await,
            Some(Fault::Lose) => refuse(ErrorKind::Indeterminate, "the answer was lost"),
            _ => result,
        }
    }
}

impl State {
    /// Counts a write, and takes the fault that is due.
    fn due(&mut self) -> Option<Fault> {
        self.writes += 1;
        self.zone.records.extend(self.appears.take());
        match &mut self.fault {
            Some((0, _)) => self.fault.take().map(|(_, fault)| fault),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    fn id(&mut self) -> String {
        self.next_id += 1;
        format!("new{}", self.next_id)
    }

    fn step(&mut self, step: &RecordStep) -> Result<(), FakeError> {
        let position = |id: &RecordId, records: &[ObservedRecord]| {
            let found = records.iter().position(|record| record.id == *id);
            found.map_or_else(
                || refuse(ErrorKind::NotFound, "record does not exist (81044)"),
                Ok,
            )
        };
        match &step.change {
            RecordChange::Delete(old) => {
                let at = position(&old.id, &self.zone.records)?;
                self.zone.records.remove(at);
                Ok(())
            }
            RecordChange::Update(old, new) => {
                let at = position(&old.id, &self.zone.records)?;
                self.zone.records[at] = shown(new, old.id.clone());
                self.check(at)
            }
            RecordChange::Create(new) => {
                let id = RecordId::new(self.id());
                self.zone.records.push(shown(new, id));
                self.check(self.zone.records.len() - 1)
            }
        }
    }

    /// A CNAME allows no addresses beside it, a delegation nothing at all, and no record exists twice.
    fn check(&self, at: usize) -> Result<(), FakeError> {
        let new = &self.zone.records[at];
        let leads = |kind: &str| ["A", "AAAA", "CNAME"].contains(&kind);
        for (other_at, other) in self.zone.records.iter().enumerate() {
            if other_at == at || !other.name.eq_ignore_ascii_case(&new.name) {
                continue;
            }
            if leads(&new.kind) && other.read_only {
                let message = "a record managed by Workers already exists (81062)";
                return refuse(ErrorKind::AlreadyExists, message);
            }
            let cname = [&other.kind, &new.kind].iter().any(|kind| *kind == "CNAME");
            if leads(&other.kind) && leads(&new.kind) && cname {
                let message = "a record with that host already exists (81053)";
                return refuse(ErrorKind::AlreadyExists, message);
            }
            if (other.kind == "NS") != (new.kind == "NS") && new.name != self.zone.name {
                let message = "NS records with that host already exist (81056)";
                return refuse(ErrorKind::AlreadyExists, message);
            }
            if other.kind == new.kind && other.content == new.content {
                let message = "an identical record already exists (81058)";
                return refuse(ErrorKind::AlreadyExists, message);
            }
        }
        Ok(())
    }
}

fn shown(new: &NewRecord, id: RecordId) -> ObservedRecord {
    ObservedRecord {
        id,
        kind: new.kind.to_string(),
        name: new.name.clone(),
        content: new.content.clone(),
        ttl: new.ttl,
        proxied: new.proxied,
        comment: Some(new.comment.clone()),
        read_only: false,
    }
}

impl ZoneReader for Fake {
    type Error = FakeError;
    type Writer = Self;

    async fn zone(&self, query: &ZoneQuery) -> Result<Zone, FakeError> {
        self.give_way().await;
        let mut state = self.state();
        state.reads += 1;
        match &mut state.reads_left {
            Some(0) => return refuse(ErrorKind::Indeterminate, "nobody answers"),
            Some(left) => *left -= 1,
            None => {}
        }
        let mut zone = state.zone.clone();
        if !query.records {
            zone.records.clear();
        }
        zone.settings
            .retain(|setting, _| query.settings.contains(setting));
        let certificates = query.certificates.as_ref();
        zone.certificates = certificates.map(|_| state.certificates.clone());
        Ok(zone)
    }

    async fn certificates(
        &self,
        _: &ZoneId,
        _: &BTreeSet<CertificateId>,
    ) -> Result<Vec<LiveCertificate>, FakeError> {
        self.give_way().await;
        Ok(self.state().certificates.clone())
    }

    fn writer(&self) -> Self {
        self.state().writers += 1;
        self.clone()
    }
}

impl ZoneWriter for Fake {
    type Error = FakeError;

    async fn records(&self, _: &ZoneId, steps: &[RecordStep]) -> Result<(), FakeError> {
        let mut steps = steps.to_vec();
        self.write(|state| {
            steps.sort_by_key(|step| match step.change {
                RecordChange::Delete(_) => 0,
                RecordChange::Update(..) => 1,
                RecordChange::Create(_) => 2,
            });
            let before = state.zone.records.clone();
            let result = steps.iter().try_for_each(|step| state.step(step));
            if result.is_err() {
                state.zone.records = before;
            }
            result
        })
        .await
    }

    async fn set(&self, _: &ZoneId, setting: Setting, value: &str) -> Result<(), FakeError> {
        self.write(|state| {
            state.zone.settings.insert(setting, value.to_owned());
            Ok(())
        })
        .await
    }

    async fn issue(&self, request: &CertificateRequest) -> Result<LiveCertificate, FakeError> {
        self.write(|state| {
            let certificate = sign(&request.csr);
            state.issued += 1;
            let live = LiveCertificate {
                id: CertificateId::new(state.id()),
                public_key: fingerprint_of_certificate(&certificate),
                certificate,
                hostnames: request.terms.hostnames.clone(),
                expires: state.now + Duration::days(i64::from(request.terms.validity_days)),
                key_type: Some(request.terms.key_type),
                validity_days: Some(request.terms.validity_days),
            };
            state.certificates.push(live.clone());
            Ok(live)
        })
        .await
    }

    async fn revoke(&self, id: &CertificateId) -> Result<(), FakeError> {
        self.write(|state| {
            state.certificates.retain(|one| one.id != *id);
            Ok(())
        })
        .await
    }
}

/// Signs a request as Cloudflare's Origin CA does.
fn sign(csr: &str) -> String {
    let key = KeyPair::generate().expect("a key");
    let issuer = Issuer::new(CertificateParams::default(), key);
    let request = CertificateSigningRequestParams::from_pem(csr).expect("a request");
    request.signed_by(&issuer).expect("a certificate").pem()
}

//! A Cloudflare in memory: it keeps state, refuses what the real one refuses, and can crash or lose an answer at any
//! write.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Mutex, MutexGuard};

use nex_dns::certificate::{Bundle, Held, Request, Stored, fingerprint_of_certificate};
use nex_dns::{
    Ask, Class, Do, Entry, Existing, Failure, LiveCertificate, Read, SecretSink, SecretSource,
    Setting, Step, Write, Zone,
};
use rcgen::{CertificateParams, CertificateSigningRequestParams, Issuer, KeyPair};
use time::{Duration, OffsetDateTime};

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct FakeError {
    pub(crate) message: &'static str,
    pub(crate) class: Class,
}

impl Failure for FakeError {
    fn class(&self) -> Class {
        self.class
    }
}

fn refuse<T>(class: Class, message: &'static str) -> Result<T, FakeError> {
    Err(FakeError { message, class })
}

/// What the next write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The program ends before it.
    CrashBefore,
    /// The program ends after it.
    CrashAfter,
    /// It is done, and its answer is lost.
    Lose,
}

#[derive(Debug)]
pub(crate) struct Fake {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) zone: Zone,
    pub(crate) secret: Option<(u32, String)>,
    /// Writes left until the fault.
    pub(crate) fault: Option<(usize, Fault)>,
    pub(crate) writes: usize,
    /// Reads of the zone left until nobody answers.
    pub(crate) reads_left: Option<usize>,
    /// What someone else makes just before the next write.
    pub(crate) appears: Option<Existing>,
    pub(crate) issued: usize,
    /// Whether each call gives way once, so that a test can weave two runs.
    pub(crate) gives_way: bool,
    pub(crate) now: OffsetDateTime,
    next_id: u32,
}

impl Fake {
    pub(crate) fn new(zone: Zone) -> Self {
        let state = State {
            zone,
            secret: None,
            fault: None,
            writes: 0,
            reads_left: None,
            appears: None,
            issued: 0,
            gives_way: false,
            now: OffsetDateTime::UNIX_EPOCH,
            next_id: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic before")
    }

    async fn give_way(&self) {
        if self.state().gives_way {
            let mut once = true;
            std::future::poll_fn(|_| match std::mem::take(&mut once) {
                true => std::task::Poll::Pending,
                false => std::task::Poll::Ready(()),
            })
            .await;
        }
    }

    /// One write with whatever fault is due.
    async fn write<T>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, FakeError> + Send,
    ) -> Result<T, FakeError> {
        self.give_way().await;
        let due = {
            let mut state = self.state();
            state.writes += 1;
            if let Some(record) = state.appears.take() {
                state.zone.records.push(record);
            }
            match &mut state.fault {
                Some((0, fault)) => {
                    let fault = *fault;
                    state.fault = None;
                    Some(fault)
                }
                Some((left, _)) => {
                    *left -= 1;
                    None
                }
                None => None,
            }
        };
        if due == Some(Fault::CrashBefore) {
            pending::<()>().await;
        }
        let result = act(&mut self.state());
        match due {
            Some(Fault::CrashAfter) => pending().await,
            Some(Fault::Lose) => refuse(Class::Lost, "the answer was lost"),
            _ => result,
        }
    }
}

impl State {
    fn id(&mut self) -> String {
        self.next_id += 1;
        format!("new{}", self.next_id)
    }

    fn step(&mut self, step: &Step) -> Result<(), FakeError> {
        let at = |id: &str, records: &[Existing]| records.iter().position(|record| record.id == id);
        match &step.what {
            Do::Delete(old) => match at(&old.id, &self.zone.records) {
                Some(at) => drop(self.zone.records.remove(at)),
                None => return refuse(Class::NotFound, "record does not exist (81044)"),
            },
            Do::Update(old, new) => {
                let Some(at) = at(&old.id, &self.zone.records) else {
                    return refuse(Class::NotFound, "record does not exist (81044)");
                };
                self.zone.records[at] = shown(new, old.id.clone());
                self.check(at)?;
            }
            Do::Create(new) => {
                let id = self.id();
                self.zone.records.push(shown(new, id));
                self.check(self.zone.records.len() - 1)?;
            }
        }
        Ok(())
    }

    /// A CNAME stands alone among addresses, and nothing is there twice.
    fn check(&self, at: usize) -> Result<(), FakeError> {
        let new = &self.zone.records[at];
        let leads = |kind: &str| ["A", "AAAA", "CNAME"].contains(&kind);
        for (other_at, other) in self.zone.records.iter().enumerate() {
            if other_at == at || !other.name.eq_ignore_ascii_case(&new.name) {
                continue;
            }
            let cname = [&other.kind, &new.kind].iter().any(|kind| *kind == "CNAME");
            if leads(&other.kind) && leads(&new.kind) && cname {
                return refuse(
                    Class::Exists,
                    "a record with that host already exists (81053)",
                );
            }
            if other.kind == new.kind && other.content == new.content {
                return refuse(Class::Exists, "an identical record already exists (81058)");
            }
        }
        Ok(())
    }
}

fn shown(entry: &Entry, id: String) -> Existing {
    Existing {
        id,
        kind: entry.kind.as_str().to_owned(),
        name: entry.name.clone(),
        content: entry
            .content
            .text()
            .expect("a content is known before it is sent")
            .to_owned(),
        ttl: entry.ttl,
        proxied: entry.proxied,
        comment: Some(entry.comment.clone()),
    }
}

impl Read for Fake {
    type Error = FakeError;

    async fn zone(&self, ask: &Ask) -> Result<Zone, FakeError> {
        self.give_way().await;
        match &mut self.state().reads_left {
            Some(0) => return refuse(Class::Lost, "nobody answers"),
            Some(left) => *left -= 1,
            None => {}
        }
        let mut zone = self.state().zone.clone();
        zone.settings
            .retain(|setting, _| ask.settings.contains(setting));
        Ok(zone)
    }

    async fn certificates(
        &self,
        _: &str,
        _: &BTreeSet<String>,
    ) -> Result<Vec<LiveCertificate>, FakeError> {
        self.give_way().await;
        Ok(self.state().zone.certificates.clone())
    }
}

impl Write for Fake {
    type Error = FakeError;

    async fn records(&self, _: &str, steps: &[Step]) -> Result<(), FakeError> {
        let mut steps = steps.to_vec();
        self.write(|state| {
            steps.sort_by_key(|step| match step.what {
                Do::Delete(_) => 0,
                Do::Update(..) => 1,
                Do::Create(_) => 2,
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

    async fn set(&self, _: &str, setting: Setting, value: &str) -> Result<(), FakeError> {
        self.write(|state| {
            state.zone.settings.insert(setting, value.to_owned());
            Ok(())
        })
        .await
    }

    async fn issue(&self, request: &Request) -> Result<LiveCertificate, FakeError> {
        self.write(|state| {
            let certificate = sign(&request.csr);
            state.issued += 1;
            let live = LiveCertificate {
                id: state.id(),
                public_key: fingerprint_of_certificate(&certificate),
                certificate,
                hostnames: request.terms.hostnames.clone(),
                expires: state.now + Duration::days(i64::from(request.terms.validity_days)),
            };
            state.zone.certificates.push(live.clone());
            Ok(live)
        })
        .await
    }

    async fn revoke(&self, id: &str) -> Result<(), FakeError> {
        self.write(|state| {
            state.zone.certificates.retain(|one| one.id != id);
            Ok(())
        })
        .await
    }
}

impl SecretSource for Fake {
    type Error = FakeError;

    async fn read(&self, _: &str) -> Result<Option<Held>, FakeError> {
        self.give_way().await;
        let secret = self.state().secret.clone();
        Ok(secret.map(|(version, text)| Held {
            version: version.to_string(),
            bundle: Bundle::parse(&text.into()).expect("what was stored"),
        }))
    }
}

impl SecretSink for Fake {
    async fn store(
        &self,
        _: &str,
        bundle: &Bundle,
        over: Option<&str>,
    ) -> Result<Stored, FakeError> {
        let text = secrecy::ExposeSecret::expose_secret(&bundle.to_json()).to_owned();
        self.write(|state| {
            let held = state
                .secret
                .as_ref()
                .map(|(version, _)| version.to_string());
            if held.as_deref() != over {
                return Ok(Stored::Overtaken);
            }
            let version = state.secret.as_ref().map_or(1, |(version, _)| version + 1);
            state.secret = Some((version, text));
            Ok(Stored::Now(version.to_string()))
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

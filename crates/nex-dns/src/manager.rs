//! The facade: reads a zone, plans, and applies.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::fmt;
use std::time::Instant;

use nex_plan::{
    ApplyReport, Approved, CloudError, ErrorKind, MovedError, Planned, Problems, RunContext,
    Timing, printable,
};
use time::OffsetDateTime;

use crate::certificate::{SecretReader, Stored};
use crate::change::ZoneStep;
use crate::engine::{Run, is_record_or_setting};
use crate::name::canonical_zone;
use crate::ports::ZoneReader;
use crate::snapshot::{Goal, ZoneSnapshot};
use crate::spec::Spec;
use crate::zone::{in_use, zone_query};

/// Keeps a zone as its spec says: records, settings, and certificates. The keys go into the caller's secrets.
///
/// Four calls do all of it: [`ZoneManager::new`], [`ZoneManager::read`], [`ZoneSnapshot::plan`] with its approval, and
/// [`ZoneManager::apply`].
#[derive(Clone, Debug)]
pub struct ZoneManager<R, S> {
    reader: R,
    secrets: S,
    spec: Spec,
    deployment: String,
    zone: String,
    clock: fn() -> OffsetDateTime,
}

/// Why a zone could not be read, or an approved plan could not be applied.
#[derive(Debug)]
pub enum ZoneError {
    /// The zone could not be read.
    Read {
        /// The zone.
        zone: String,
        /// Why.
        source: Box<dyn CloudError>,
    },
    /// The secrets of the zone's certificates could not be read.
    Secrets {
        /// The zone.
        zone: String,
        /// Why.
        source: Box<dyn CloudError>,
    },
    /// The zone is not as it was when the plan was made. Nothing was done.
    Moved {
        /// The zone.
        zone: String,
        /// What differs.
        moved: MovedError,
    },
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZoneError::Read { zone, .. } => write!(f, "failed to read the zone {zone}"),
            ZoneError::Secrets { zone, .. } => {
                write!(
                    f,
                    "failed to read the secrets of the certificates of {zone}"
                )
            }
            ZoneError::Moved { zone, moved } => {
                // The differences name records, as the zone holds them.
                let moved = printable(moved.to_string());
                write!(
                    f,
                    "the zone {zone} has changed since the plan was made: {moved}"
                )
            }
        }
    }
}

impl StdError for ZoneError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            ZoneError::Read { source, .. } | ZoneError::Secrets { source, .. } => Some(&**source),
            ZoneError::Moved { .. } => None,
        }
    }
}

impl CloudError for ZoneError {
    fn kind(&self) -> ErrorKind {
        match self {
            ZoneError::Read { source, .. } | ZoneError::Secrets { source, .. } => source.kind(),
            ZoneError::Moved { .. } => ErrorKind::Other,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            ZoneError::Read { source, .. } | ZoneError::Secrets { source, .. } => source.hint(),
            ZoneError::Moved { .. } => Some("plan again and check the new plan".into()),
        }
    }
}

impl<R: ZoneReader, S: SecretReader> ZoneManager<R, S> {
    /// A manager of the zone of `spec`; its records carry the mark of `deployment` ([`mark`](crate::mark)). A record with
    /// the mark of another deployment is never changed or deleted, unless it is adopted.
    ///
    /// # Errors
    /// The problems of the spec, as [`Spec::validate`].
    pub fn new(reader: R, secrets: S, spec: Spec, deployment: &str) -> Result<Self, Problems> {
        spec.validate(deployment).into_result()?;
        Ok(Self {
            reader,
            secrets,
            zone: canonical_zone(&spec.zone).unwrap_or_default(),
            spec,
            deployment: deployment.to_owned(),
            clock: OffsetDateTime::now_utc,
        })
    }

    /// The same manager with another clock. The clock decides which certificates expire soon.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> OffsetDateTime) -> Self {
        self.clock = clock;
        self
    }

    /// Reads what is known about the secrets of the zone's certificates, then the zone. No secret's value is read.
    ///
    /// # Errors
    /// [`ZoneError::Read`], [`ZoneError::Secrets`].
    pub async fn read(&self) -> Result<ZoneSnapshot, ZoneError> {
        self.read_part(Part::ALL).await
    }

    /// Executes an approved plan that was made for `goal`, and reads the zone back. An empty plan makes no call.
    ///
    /// The zone is read again first. If the zone now needs a change that is not in the plan, nothing is done. Values
    /// that the plan did not know, such as the server's address, may be known by now. After a lost answer a fresh read
    /// shows what is left, and only approved changes are made. A cancelled run lets the call under way end, and reads
    /// the zone back.
    ///
    /// # Errors
    /// [`ZoneError`] if nothing was done. The [`ApplyReport`] holds the errors of the steps.
    pub async fn apply(
        &self,
        approved: &Approved<ZoneStep>,
        goal: &Goal,
        context: RunContext<'_>,
    ) -> Result<ApplyReport, ZoneError> {
        if approved.is_empty() {
            return Ok(ApplyReport::of(approved.plan()));
        }
        let started = Instant::now();
        let part = Part::of(approved);
        let snapshot = self.read_part(part).await?;
        let mut now = snapshot.steps(goal);
        // A part that was not read would look empty.
        now.entries.retain(|entry| part.covers(entry));
        if *goal == Goal::Revoke {
            // The next plan revokes a certificate that went out of use after this plan was made.
            now.entries
                .retain(|entry| approved.plan().entry(&entry.id()).is_some());
        }
        let resolved = approved.resolve(now).map_err(|moved| ZoneError::Moved {
            zone: self.zone.clone(),
            moved,
        })?;
        let mut run = Run::new(self, goal, context, approved);
        run.certificates(&resolved, &snapshot).await;
        run.records(&resolved, &snapshot).await;
        run.revocations(&resolved, &snapshot).await;
        let mut report = run.finish(&resolved);
        report.timing = Timing::alone(started.elapsed());
        Ok(report)
    }

    /// The records and settings of the zone, and its certificates if they are asked for.
    pub(crate) async fn read_part(&self, part: Part) -> Result<ZoneSnapshot, ZoneError> {
        let wants_certificates = part.certificates && !self.spec.certificates.is_empty();
        let secrets = if wants_certificates {
            self.read_secrets().await?
        } else {
            BTreeMap::new()
        };
        let certificates = wants_certificates.then(|| in_use(&secrets));
        let mut query = zone_query(&self.spec, &self.zone, certificates);
        if !part.records {
            query.records = false;
            query.settings = BTreeSet::new();
        }
        // The futures of a client are large: on the heap, they leave room on the stack.
        let zone = Box::pin(self.reader.zone(&query)).await;
        let zone = zone.map_err(|error| ZoneError::Read {
            zone: self.zone.clone(),
            source: Box::new(error),
        })?;
        let (spec, deployment) = (&self.spec, &self.deployment);
        let now = (self.clock)();
        Ok(ZoneSnapshot::of_valid(spec, deployment, zone, secrets, now))
    }

    async fn read_secrets(&self) -> Result<BTreeMap<String, Stored>, ZoneError> {
        let names = self.spec.certificates.iter().map(|c| &c.secret);
        let read = names.map(async |name| {
            let stored = self.secrets.summary(name).await?;
            Ok::<_, S::Error>(stored.map(|stored| (name.clone(), stored)))
        });
        let stored = futures_util::future::try_join_all(read).await;
        let stored = stored.map_err(|error| ZoneError::Secrets {
            zone: self.zone.clone(),
            source: Box::new(error),
        })?;
        Ok(stored.into_iter().flatten().collect())
    }

    pub(crate) fn reader(&self) -> &R {
        &self.reader
    }

    pub(crate) fn secrets(&self) -> &S {
        &self.secrets
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }
}

/// Which parts of a zone are read.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) records: bool,
    pub(crate) certificates: bool,
}

impl Part {
    const ALL: Part = Part {
        records: true,
        certificates: true,
    };

    pub(crate) const RECORDS: Part = Part {
        records: true,
        certificates: false,
    };

    /// What an apply of these steps needs.
    fn of(approved: &Approved<ZoneStep>) -> Self {
        let entries = &approved.plan().entries;
        Self {
            records: entries.iter().any(is_record_or_setting),
            certificates: !entries.iter().all(is_record_or_setting),
        }
    }

    /// Whether an entry is about something in this part.
    fn covers(self, entry: &Planned<ZoneStep>) -> bool {
        if is_record_or_setting(entry) {
            self.records
        } else {
            self.certificates
        }
    }
}

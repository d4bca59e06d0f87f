//! One run of the agent: what it found on the machine, and what it does there.

use std::fs;
use std::time::Duration;

use nex_host::{Artifact, BUNDLE_LIMIT, BuildId, Bundle, Digest, Outcome, Timestamp};

use crate::aws::Aws;
use crate::clock;
use crate::cloud::Cloud;
use crate::current::{Installed, open};
use crate::failure::Failure;
use crate::host::Host;
use crate::journal::Journal;
use crate::log::Log;
use crate::program::Programs;
use crate::replace::Replacement;
use crate::report::Reporter;
use crate::root::Root;
use crate::step::{Observer as _, converge};
use crate::{backup, steps, units};

/// The pause between two looks at something that comes later.
const PAUSE: Duration = Duration::from_secs(10);

/// How often the status is written while a step runs. A status is stale after three times that.
const HEARTBEAT: Duration = Duration::from_secs(5 * 60);

/// One run of the agent.
pub struct Session {
    root: Root,
    programs: Programs,
    log: Log,
    installed: Installed,
    cloud: Box<dyn Cloud>,
    /// Only one agent works at a time. The lock ends with the process, however it ends.
    _lock: Option<fs::File>,
}

/// Who sees to it that only one agent works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// This run takes the lock.
    Take,
    /// The older agent that started this one has the lock, and waits.
    Held,
    /// This run takes the lock of backups, which last for hours and change nothing that another agent changes.
    Backup,
}

/// What a run led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps are done.
    Done,
    /// Some steps are not done. The next run tries them again.
    Unfinished,
}

impl Session {
    /// Starts a run; `None` if another agent is at work.
    ///
    /// # Errors
    /// A [`Failure`] if user data has not installed the host.
    pub async fn start(root: Root, lock: Lock) -> Result<Option<Self>, Failure> {
        let lock = match lock {
            Lock::Held => None,
            Lock::Take | Lock::Backup => match take_lock(&root, lock)? {
                None => return Ok(None),
                taken => taken,
            },
        };
        let installed = Installed::load(&root)?;
        Ok(Some(Self {
            cloud: Box::new(Aws::connect(&installed.host).await),
            installed,
            root,
            programs: Programs {
                path: std::env::var_os("PATH").unwrap_or_default(),
            },
            log: Log::new(clock::system, std::io::stderr()),
            _lock: lock,
        }))
    }

    /// Sets the host up: installs the timer that goes on after this run, and runs the steps.
    ///
    /// # Errors
    /// A [`Failure`] if the host has no valid bundle, or if the agent's own files can't be written.
    pub async fn setup(&self) -> Result<Ended, Failure> {
        // The steps run even without a timer: its absence is in the log.
        if let Err(failure) = units::install(&self.root, &self.programs, &self.log).await {
            self.log
                .line(&format!("the timer was not installed: {failure}"));
        }
        self.converge().await
    }

    /// Fetches a bundle, makes it the host's own, and runs the steps that it changes.
    ///
    /// # Errors
    /// A [`Failure`] if the bundle can't be fetched or is refused, or if its agent does not work. The host then keeps its
    /// older bundle, and its status has the reason until another bundle is applied.
    pub async fn apply(&self, digest: Digest) -> Result<Ended, Failure> {
        let started_at = clock::system();
        let mut journal = Journal::load(&self.root)?;
        match self.accept(digest).await {
            Ok(Some(ended)) => return Ok(ended),
            Ok(None) => {}
            Err(failure) => {
                journal.set_bundle(digest, failed(started_at, &failure));
                let present = self.installed.bundle(&self.root).ok();
                let present = present.map(|bundle| bundle.digest());
                self.reporter(present).changed(&journal).await?;
                return Err(failure);
            }
        }
        self.log.line(&format!("applies the bundle {digest}"));
        journal.set_bundle(digest, Outcome::Waiting);
        self.run(journal).await
    }

    /// Fetches a bundle, and makes it the host's own. If the bundle names another agent, that one does the rest, and this
    /// returns how it ended.
    async fn accept(&self, digest: Digest) -> Result<Option<Ended>, Failure> {
        let object = Artifact::of_bundle(digest, BUNDLE_LIMIT as u64);
        let bytes = self.cloud.artifact(&object).await?;
        let bundle = open(&bytes, digest, self.installed.host.role)?;
        let replacement = Replacement {
            root: &self.root,
            cloud: &*self.cloud,
            log: &self.log,
        };
        let ended = replacement.run(&bundle).await?;
        if ended.is_none() {
            self.installed.choose(&self.root, &bundle)?;
        }
        Ok(ended)
    }

    /// Runs the steps that are not done, and reports the status.
    ///
    /// # Errors
    /// A [`Failure`] if the host has no valid bundle, or if the agent's own files can't be written.
    pub async fn converge(&self) -> Result<Ended, Failure> {
        self.run(Journal::load(&self.root)?).await
    }

    async fn run(&self, mut journal: Journal) -> Result<Ended, Failure> {
        let started_at = clock::system();
        let digest = self.installed.chosen(&self.root)?.digest;
        let bundle = match self.installed.bundle(&self.root) {
            Ok(bundle) => bundle,
            Err(failure) => {
                journal.set_bundle(digest, failed(started_at, &failure));
                self.reporter(None).changed(&journal).await?;
                return Err(failure);
            }
        };
        if !journal.has_refused_another(digest) {
            let ended_at = clock::system();
            let outcome = Outcome::Done {
                started_at,
                ended_at,
            };
            journal.set_bundle(digest, outcome);
        }
        let host = self.host(&bundle);
        let steps = steps::of(bundle.role());
        let mut reporter = self.reporter(Some(digest));
        converge(&steps, &host, &mut journal, &mut reporter).await?;
        // Also if no step had to run: an old status would say that the host is gone.
        reporter.changed(&journal).await?;
        Ok(if journal.is_all_done() {
            Ended::Done
        } else {
            Ended::Unfinished
        })
    }

    /// Makes a backup. The next status has it.
    ///
    /// # Errors
    /// A [`Failure`] if the host has no valid bundle, or if the backup fails.
    pub async fn backup(&self) -> Result<Ended, Failure> {
        let bundle = self.installed.bundle(&self.root)?;
        backup::run(&self.host(&bundle)).await?;
        Ok(Ended::Done)
    }

    fn reporter(&self, bundle: Option<Digest>) -> Reporter<'_> {
        Reporter {
            root: &self.root,
            programs: &self.programs,
            cloud: &*self.cloud,
            log: &self.log,
            clock: clock::system,
            instance: &self.installed.instance,
            role: self.installed.host.role,
            build: build(),
            bundle,
        }
    }

    fn host<'a>(&'a self, bundle: &'a Bundle) -> Host<'a> {
        Host {
            root: &self.root,
            programs: &self.programs,
            cloud: &*self.cloud,
            log: &self.log,
            clock: clock::system,
            pause: PAUSE,
            heartbeat: HEARTBEAT,
            instance: &self.installed.instance,
            contents: bundle.contents(),
        }
    }
}

fn failed(started_at: Timestamp, failure: &Failure) -> Outcome {
    Outcome::Failed {
        started_at,
        ended_at: clock::system(),
        reason: failure.into(),
    }
}

/// The id of this build; `None` for one that was not built for hosts.
fn build() -> Option<BuildId> {
    let digest: Digest = option_env!("NEX_AGENT_BUILD")?.parse().ok()?;
    Some(digest.into())
}

/// Takes the lock; `None` if another agent has it.
fn take_lock(root: &Root, lock: Lock) -> Result<Option<fs::File>, Failure> {
    let path = root.path(match lock {
        Lock::Backup => "/var/lib/nex/backup.lock",
        Lock::Take | Lock::Held => "/var/lib/nex/lock",
    });
    let folder = root.path("/var/lib/nex");
    fs::create_dir_all(&folder).map_err(Failure::file("create /var/lib/nex"))?;
    let file = fs::File::create(path).map_err(Failure::file("create the agent's lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(Failure::file("take the agent's lock")(error)),
    }
}

//! The deployment's lock during a change: only one run changes a deployment at a time.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use nex_infra::aws::{Attempt, EXPIRY, HeldLock, Holder, Lock, RENEWAL, Renewal, TakeOver};
use nex_plan::CancelToken;
use rustix::process::{Pid, test_kill_process};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::exit::Exit;
use crate::ui::progress::Screen;

/// How often a run that waits for the lock looks again.
const POLL: Duration = Duration::from_secs(2);

/// How long AWS may take to show what a run did that was killed (EC2's guide on eventual consistency: seconds). A new
/// address has no name and no token, so a run that does not see it would allocate a second one.
const VISIBLE: Duration = Duration::from_secs(5);

/// What a run does when another run is at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Waits until the other run has ended.
    pub(crate) wait: bool,
    /// Takes the other run's lock.
    pub(crate) take_over: bool,
}

/// What became of a request for the lock.
pub(crate) enum Locking {
    /// This run has the lock; `waited` if another run was at work before.
    Held { lock: Held, waited: bool },
    /// Another run is at work: who, and since when.
    Busy(String),
    /// The bucket of the lock does not exist yet.
    NoBucket,
}

/// The lock of this run. It is renewed until it is released.
pub(crate) struct Held {
    lock: Arc<HeldLock>,
    renewals: JoinHandle<()>,
}

impl Held {
    /// Gives the lock back. If that fails, the lock expires by itself.
    pub(crate) async fn release(self, context: &Context) {
        self.renewals.abort();
        if let Err(error) = self.lock.release().await {
            let note = format!(
                "the lock could not be given back, and expires in {} s: {}",
                EXPIRY.as_secs(),
                nex_plan::chain(&error)
            );
            context.output.note(&note);
        }
    }
}

impl Context {
    /// Gets the deployment's lock for `command`.
    ///
    /// # Errors
    /// If S3 does not answer or refuses, or if the operator cancels the wait.
    pub(crate) async fn lock(&self, command: &str, patience: Patience) -> anyhow::Result<Locking> {
        let bucket = self.names.buckets(&self.hosting()?.aws).artifacts;
        let lock = Lock::new(Arc::clone(self.aws().await?), bucket);
        let holder = this_run(command);
        let over = match patience {
            Patience {
                take_over: true, ..
            } => TakeOver::Any,
            Patience { .. } => TakeOver::LeftBehind(&is_dead),
        };
        let mut waited = false;
        loop {
            let attempt = lock.attempt(&holder, over).await;
            let name = self.names.deployment();
            match attempt.with_context(|| format!("failed to lock {name}"))? {
                Attempt::Held(held) => {
                    let lock = self.keep(held);
                    return Ok(Locking::Held { lock, waited });
                }
                Attempt::TakenOver(held) => {
                    let lock = self.keep(held);
                    let note =
                        "the previous run was interrupted: waiting until AWS shows its changes";
                    self.output.note(note);
                    self.pause(VISIBLE).await?;
                    return Ok(Locking::Held { lock, waited });
                }
                Attempt::NoBucket => return Ok(Locking::NoBucket),
                Attempt::Taken { holder, age } => {
                    let who = who(holder.as_ref(), age);
                    if !patience.wait {
                        return Ok(Locking::Busy(who));
                    }
                    if !waited {
                        self.output.note(&format!("waiting: {who}"));
                    }
                    waited = true;
                    self.pause(POLL).await?;
                }
            }
        }
    }

    /// Says that another run is at work, and returns the exit code for that.
    pub(crate) fn refuse_busy(&self, who: &str) -> Exit {
        let hint = "wait for the other run with --wait, or take its lock with --take-over";
        self.output.refused(&format!("refused: {who}"), Some(hint));
        Exit::Refused
    }

    async fn pause(&self, pause: Duration) -> anyhow::Result<()> {
        tokio::select! {
            () = self.cancel.cancelled() => anyhow::bail!("cancelled before anything was changed"),
            () = sleep(pause) => Ok(()),
        }
    }

    fn keep(&self, held: HeldLock) -> Held {
        let lock = Arc::new(held);
        let renewals = renew(
            Arc::clone(&lock),
            self.cancel.clone(),
            Arc::clone(&self.progress),
        );
        Held {
            lock,
            renewals: tokio::spawn(renewals),
        }
    }
}

/// Renews the lock for as long as the run works. Without the lock the run must not go on.
async fn renew(lock: Arc<HeldLock>, cancel: CancelToken, screen: Arc<dyn Screen>) {
    let mut renewed = Instant::now();
    loop {
        sleep(RENEWAL).await;
        let why = match lock.renew().await {
            Ok(Renewal::Renewed) => {
                renewed = Instant::now();
                continue;
            }
            Ok(Renewal::Lost) => "another run took over the lock".to_owned(),
            Err(_) if renewed.elapsed() + RENEWAL < EXPIRY => continue,
            Err(error) => format!("the lock could not be renewed: {}", nex_plan::chain(&error)),
        };
        screen.note(&format!("stopping: {why}"));
        return cancel.cancel();
    }
}

fn this_run(command: &str) -> Holder {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME"));
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Holder {
        user: user.unwrap_or_else(|| "somebody".to_owned()),
        host: this_host(),
        process: std::process::id(),
        command: command.to_owned(),
        since: since.unwrap_or_default().as_secs(),
    }
}

fn this_host() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

/// Whether the run was on this machine and has ended without giving its lock back.
fn is_dead(holder: &Holder) -> bool {
    let process = i32::try_from(holder.process).ok().and_then(Pid::from_raw);
    let is_running = |process| test_kill_process(process) != Err(rustix::io::Errno::SRCH);
    holder.host == this_host() && !process.is_some_and(is_running)
}

fn who(holder: Option<&Holder>, age: Duration) -> String {
    let Some(holder) = holder else {
        return "another run is at work".to_owned();
    };
    let Holder {
        user,
        host,
        process,
        command,
        since,
    } = holder;
    let start = UNIX_EPOCH + Duration::from_secs(*since);
    let minutes = start.elapsed().unwrap_or_default().as_secs() / 60;
    format!(
        "{user} on {host} is at work for {minutes} min: `{command}`, process {process}; the last sign of life was {} s ago",
        age.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_of_this_machine_is_known_to_have_ended() {
        let alive = this_run("nex bootstrap staging");
        assert!(!is_dead(&alive));
        // Linux gives no process an id above 2^22.
        let dead = Holder {
            process: 1 << 30,
            ..alive
        };
        assert!(is_dead(&dead));
        let host = "elsewhere".to_owned();
        assert!(!is_dead(&Holder { host, ..dead }));
    }
}

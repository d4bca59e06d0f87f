//! Replaces the agent by the one that a bundle names, with a way back.

use std::time::Duration;

use nex_host::{AGENT_PATH, Bundle, Cause, Digest, Mode};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::log::Log;
use crate::report::STATUS_PATH;
use crate::root::Root;
use crate::session::Ended;

/// How long a new agent may take until its first status.
const FIRST_STATUS: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(100);

/// What a replacement works on.
pub struct Replacement<'a> {
    /// The machine's files.
    pub root: &'a Root,
    /// AWS.
    pub cloud: &'a dyn Cloud,
    /// The log.
    pub log: &'a Log,
}

impl Replacement<'_> {
    /// Installs the agent of `bundle` and lets it apply the bundle; `None` if it is the present agent.
    ///
    /// # Errors
    /// A [`Failure`] if the new agent can't be fetched, or has no status within 60 s: the older one is back then.
    pub async fn run(&self, bundle: &Bundle) -> Result<Option<Ended>, Failure> {
        let agent = &bundle.contents().agent;
        let present = self.root.read(AGENT_PATH)?;
        let Some(present) = present.filter(|program| Digest::of(program) != agent.sha256) else {
            return Ok(None);
        };
        let program = self.cloud.artifact(&agent.artifact()).await?;
        self.log
            .line(&format!("replaces the agent by the build {}", agent.build));
        let before = self.root.read(STATUS_PATH)?;
        self.install(&program)?;
        match self.start(bundle.digest(), before.as_deref()).await {
            Ok(ended) => Ok(Some(ended)),
            Err(failure) => {
                self.install(&present)?;
                let text = format!("the agent {} {failure}; the older one is back", agent.build);
                Err(Failure::new(Cause::HealthCheckFailed, text))
            }
        }
    }

    fn install(&self, program: &[u8]) -> Result<(), Failure> {
        let path = AGENT_PATH.parse().expect("a path");
        let owner = self.root.owner();
        self.root.put(&path, Mode::PROGRAM, &owner, program)?;
        Ok(())
    }

    /// Starts the new agent and waits for its end.
    async fn start(&self, bundle: Digest, before: Option<&[u8]>) -> Result<Ended, Failure> {
        let failed = |text: String| Failure::new(Cause::HealthCheckFailed, text);
        let mut child = Command::new(self.root.path(AGENT_PATH))
            .arg("--root")
            .arg(self.root.folder())
            .args(["--lock-held", "apply", &bundle.to_string()])
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(format!("did not start ({error})")))?;
        self.first_status(&mut child, before).await?;
        let status = child
            .wait()
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(if status.success() {
            Ended::Done
        } else {
            Ended::Unfinished
        })
    }

    /// Waits until the status on the machine is another one than before. Nobody else writes it, because this agent has
    /// the lock.
    async fn first_status(&self, child: &mut Child, before: Option<&[u8]>) -> Result<(), Failure> {
        let end = Instant::now() + FIRST_STATUS;
        loop {
            // The order matters: an agent may write its status and end between two looks.
            let has_ended = child.try_wait().is_ok_and(|status| status.is_some());
            if self.root.read(STATUS_PATH)?.as_deref() != before {
                return Ok(());
            }
            if has_ended || Instant::now() >= end {
                return Err(Failure::new(Cause::HealthCheckFailed, "gave no status"));
            }
            sleep(POLL).await;
        }
    }
}

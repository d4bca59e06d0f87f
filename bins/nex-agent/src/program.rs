//! Programs of the machine: apt, dnf, systemctl and the like.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use nex_host::Cause;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use crate::failure::Failure;
use crate::log::Log;

/// How many lines of a program's output a failure is judged by.
const KEPT_LINES: usize = 200;

/// How long a program may take that answers at once.
const ANSWER: Duration = Duration::from_secs(10);

/// The machine's programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The folders with programs, as in `PATH`.
    pub path: OsString,
}

impl Programs {
    /// Asks a program that answers at once, without a trace in the log; `None` if it fails.
    pub(crate) async fn ask(&self, program: &str, args: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command.args(args).env_clear().env("PATH", &self.path);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let answer = tokio::time::timeout(ANSWER, command.output()).await;
        let output = answer.ok()?.ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then_some(text)
    }

    /// Runs a program to its end, with its output in the log, and returns the output. No argument may hold a secret:
    /// every user of the machine sees them.
    ///
    /// If the future is dropped, the program and everything that it started is killed.
    ///
    /// # Errors
    /// A [`Failure`] if the program can't be started or does not end with success. Its cause is read from the output.
    pub async fn run(&self, log: &Log, program: &str, args: &[&str]) -> Result<String, Failure> {
        self.run_with(log, &[], program, args).await
    }

    /// The same with more variables in the program's environment, which only root can see.
    ///
    /// # Errors
    /// As [`Programs::run`].
    pub async fn run_with(
        &self,
        log: &Log,
        variables: &[(&str, &str)],
        program: &str,
        args: &[&str],
    ) -> Result<String, Failure> {
        let line = [&[program], args].concat().join(" ");
        log.line(&format!("runs `{line}`"));
        let not_started = |error: std::io::Error| {
            Failure::new(
                Cause::Other,
                format!("failed to start `{program}`: {error}"),
            )
        };
        let mut child = Command::new(program)
            .args(args)
            // A stray EXTERNAL_URL would make gitlab-ce's package configure GitLab.
            .env_clear()
            .env("PATH", &self.path)
            // cloud-init and systemd set no HOME; a question from apt would wait forever.
            .env("HOME", "/root")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            // An upgrade of gitlab-runner's package would otherwise prune what jobs are using.
            .env("NO_DOCKER_PRUNE", "true")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(not_started)?;
        let group = Group::of(&child);
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (out, err) = tokio::join!(lines(log, out), lines(log, err));
        let status = child.wait().await.map_err(not_started)?;
        group.ended();
        if status.success() {
            return Ok(out.join("\n"));
        }
        let all = [err, out].concat();
        let last = all.iter().find(|line| !line.trim().is_empty());
        let last = last.map_or(String::new(), |line| format!(": {line}"));
        Err(Failure::new(
            cause(&all),
            format!("`{program}` failed ({status}){last}"),
        ))
    }
}

/// The newest lines of an output, each also in the log. The last line comes first.
async fn lines(log: &Log, output: Option<impl AsyncRead + Unpin>) -> Vec<String> {
    let mut kept = std::collections::VecDeque::new();
    if let Some(output) = output {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        // An output that can't be read has ended.
        while matches!(reader.read_until(b'\n', &mut line).await, Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            log.line(&text);
            kept.push_front(text);
            kept.truncate(KEPT_LINES);
            line.clear();
        }
    }
    kept.into()
}

/// The process group of a running program.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &tokio::process::Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)))
    }

    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Fails if the group has ended in the meantime.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What the messages of programs mean.
const MESSAGES: [(&str, Cause); 20] = [
    ("No space left on device", Cause::DiskFull),
    ("You don't have enough free space", Cause::DiskFull),
    ("more space needed on the", Cause::DiskFull),
    ("Could not get lock", Cause::AptLocked),
    ("Unable to acquire the dpkg frontend lock", Cause::AptLocked),
    (
        "Unable to lock the administration directory",
        Cause::AptLocked,
    ),
    ("Unable to locate package", Cause::PackageMissing),
    ("has no installation candidate", Cause::PackageMissing),
    ("' was not found", Cause::PackageMissing),
    ("No match for argument", Cause::PackageMissing),
    ("Unable to find a match", Cause::PackageMissing),
    ("password authentication failed", Cause::AccessDenied),
    ("Could not resolve", Cause::NoNetwork),
    ("could not translate host name", Cause::NoNetwork),
    ("timeout expired", Cause::NoNetwork),
    ("Temporary failure resolving", Cause::NoNetwork),
    ("Failed to connect", Cause::NoNetwork),
    ("Could not connect", Cause::NoNetwork),
    ("Connection timed out", Cause::NoNetwork),
    ("Failed to download metadata", Cause::NoNetwork),
];

/// The cause of a program's failure. The first message of [`MESSAGES`] that is anywhere in the output decides: a full
/// disk also makes downloads fail.
fn cause(output: &[String]) -> Cause {
    let is_there = |message: &str| output.iter().any(|line| line.contains(message));
    let found = MESSAGES.iter().find(|(message, _)| is_there(message));
    found.map_or(Cause::Other, |(_, cause)| *cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_causes() {
        for (line, expected) in [
            (
                "E: You don't have enough free space in /var/cache/apt/archives/.",
                Cause::DiskFull,
            ),
            (
                "At least 250MB more space needed on the / filesystem.",
                Cause::DiskFull,
            ),
            (
                "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt)",
                Cause::AptLocked,
            ),
            (
                "E: Version '1-ce.0' for 'gitlab-ce' was not found",
                Cause::PackageMissing,
            ),
            (
                "Error: Unable to find a match: gitlab-runner-9.9.9",
                Cause::PackageMissing,
            ),
            (
                "curl: (6) Could not resolve host: packages.gitlab.com",
                Cause::NoNetwork,
            ),
            (
                r#"FATAL:  password authentication failed for user "gitlab""#,
                Cause::AccessDenied,
            ),
            (
                r#"psql: error: could not translate host name "db" to address"#,
                Cause::NoNetwork,
            ),
            ("something else", Cause::Other),
        ] {
            assert_eq!(cause(&["before".into(), line.into()]), expected, "{line}");
        }
        let both = [
            "Failed to connect".to_owned(),
            "No space left on device".to_owned(),
        ];
        assert_eq!(cause(&both), Cause::DiskFull);
    }
}

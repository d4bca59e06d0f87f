//! Sandboxes that run in the background. Each has a name, a process and a folder.

use std::env;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::signal::unix::{SignalKind, signal};
use ureq::Agent;

use crate::endpoints::Endpoints;
use crate::error::SandboxError;
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::venv;

/// The maximum time of a start with an installed Python environment. A start takes about two
/// seconds, or ten times longer on a machine that is busy with a build.
const START_LIMIT: Duration = Duration::from_secs(60);
/// The time to end before a sandbox is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// The maximum time of a control call. A healthy gateway answers within milliseconds.
const CONTROL_LIMIT: Duration = Duration::from_secs(2);
/// The variables that a sandbox in the background keeps of its starter's environment. The others, such as credentials
/// for the real clouds, would stay readable in the process for as long as it runs.
const KEPT: [&str; 3] = ["PATH", "RUST_BACKTRACE", "TMPDIR"];
/// The interval of polling.
const POLL: Duration = Duration::from_millis(20);

/// The content of `state.json` in the folder of a running sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The name of the sandbox.
    pub name: String,
    /// The id of the process that runs the gateways and is the parent of moto.
    pub pid: u32,
    /// The port of the AWS gateway on 127.0.0.1.
    pub port: u16,
    /// The addresses.
    #[serde(flatten)]
    pub endpoints: Endpoints,
}

/// The status of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The content of its `state.json`.
    #[serde(flatten)]
    pub state: State,
    /// Whether the process is running and answers.
    pub up: bool,
}

/// Manages the sandboxes in a folder.
#[derive(Debug, Clone)]
pub struct Daemon {
    dir: PathBuf,
}

impl Daemon {
    /// Manages the sandboxes in `dir` (see [`crate::default_dir`]).
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder of a sandbox, for `state.json`, the logs and the files of moto.
    ///
    /// # Errors
    /// When the name is not valid.
    pub fn folder(&self, name: &str) -> Result<PathBuf, SandboxError> {
        let valid = (1..=32).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !name.starts_with('-')
            && !name.starts_with("venv-");
        if valid {
            Ok(self.dir.join(name))
        } else {
            Err(SandboxError::Name {
                name: name.to_owned(),
            })
        }
    }

    /// Whether the next start must install the Python environment, which takes up to a minute.
    pub fn is_first_start(&self) -> bool {
        !venv::is_installed(&self.dir)
    }

    /// The Python that runs the sandboxes ([`Sandbox::python`]).
    ///
    /// # Errors
    /// When the Python environment cannot be installed.
    pub fn python(&self) -> Result<PathBuf, SandboxError> {
        venv::ensure(&self.dir)
    }

    /// Runs `exe serve --name NAME` in the background and waits until the sandbox is ready. Does
    /// nothing if the sandbox is already running.
    ///
    /// # Errors
    /// When the sandbox does not become ready. The error contains the end of its log.
    pub fn up(&self, exe: &Path, name: &str) -> Result<State, SandboxError> {
        let folder = self.folder(name)?;
        venv::ensure(&self.dir)?;
        let _lock = self.lock()?;
        if let Some(status) = self.status(name)? {
            if status.up {
                return Ok(status.state);
            }
            end(&status.state);
        }
        remove(&folder)?;
        fs::create_dir_all(&folder).map_err(SandboxError::file("create", &folder))?;
        let log_path = folder.join("serve.log");
        let mut child = self.spawn(exe, name, &log_path)?;
        self.wait_until_up(name, &mut child).map_err(|why| {
            let tail = venv::tail(&fs::read_to_string(&log_path).unwrap_or_default());
            let _ = child.kill();
            let _ = child.wait();
            let _ = remove(&folder);
            SandboxError::NotReady {
                name: name.to_owned(),
                why,
                tail,
            }
        })
    }

    /// Sets how long AWS takes to show a change everywhere ([`Sandbox::set_lag`]).
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub fn set_lag(&self, state: &State, lag: Duration) -> Result<(), SandboxError> {
        let body = serde_json::json!({ "ms": lag.as_millis() as u64 });
        match agent().put(url(state, "lag")).send(body.to_string()) {
            Ok(_) => Ok(()),
            Err(_) => Err(SandboxError::NotUp {
                name: state.name.clone(),
            }),
        }
    }

    /// The status of a sandbox; `None` if it has no `state.json`.
    ///
    /// # Errors
    /// When the name is not valid or the file cannot be read.
    pub fn status(&self, name: &str) -> Result<Option<Status>, SandboxError> {
        let path = self.folder(name)?.join("state.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SandboxError::file("read", path)(error)),
        };
        // `write_state` is atomic, so it did not write a file that does not parse.
        let Ok(state) = serde_json::from_slice::<State>(&text) else {
            return Ok(None);
        };
        let up = answers(&state);
        Ok(Some(Status { state, up }))
    }

    /// All sandboxes that have a `state.json`, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Status>, SandboxError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(SandboxError::file("read", &self.dir)(error)),
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| self.folder(name).is_ok())
            .collect();
        names.sort();
        let mut found = Vec::new();
        for name in names {
            found.extend(self.status(&name)?);
        }
        Ok(found)
    }

    /// The state of a running sandbox.
    ///
    /// # Errors
    /// When the sandbox is not running.
    pub fn get(&self, name: &str) -> Result<State, SandboxError> {
        match self.status(name)? {
            Some(status) if status.up => Ok(status.state),
            _ => Err(SandboxError::NotUp {
                name: name.to_owned(),
            }),
        }
    }

    /// Ends a sandbox and removes its folder. Returns false if it has no folder.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn down(&self, name: &str) -> Result<bool, SandboxError> {
        let folder = self.folder(name)?;
        if !folder.exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        if let Some(status) = self.status(name)? {
            end(&status.state);
        }
        remove(&folder)?;
        Ok(true)
    }

    /// Serves a sandbox in this process until SIGTERM or a shutdown call. [`Daemon::up`] runs this
    /// in the background.
    ///
    /// # Errors
    /// When the sandbox does not start or `state.json` cannot be written.
    pub async fn serve(&self, name: &str) -> Result<(), SandboxError> {
        let folder = self.folder(name)?;
        // In its own session, the sandbox keeps running when the terminal closes. The call fails
        // only if this process already leads a session.
        let _ = rustix::process::setsid();
        let options = SandboxOptions {
            dir: Some(self.dir.clone()),
            folder: Some(folder.clone()),
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await?;
        write_state(
            &folder,
            &State {
                name: name.to_owned(),
                pid: std::process::id(),
                port: sandbox.port(),
                endpoints: sandbox.endpoints().clone(),
            },
        )?;
        let mut sigterm =
            signal(SignalKind::terminate()).map_err(SandboxError::file("watch", "signals"))?;
        tokio::select! {
            () = sandbox.shutdown_requested() => {
                // Gives the gateway time to send the answer to the shutdown call.
                tokio::time::sleep(POLL).await;
            }
            _ = sigterm.recv() => {}
        }
        drop(sandbox);
        remove(&folder)
    }

    /// Locks the folder, so that only one command at a time starts or ends a sandbox.
    fn lock(&self) -> Result<File, SandboxError> {
        fs::create_dir_all(&self.dir).map_err(SandboxError::file("create", &self.dir))?;
        let path = self.dir.join(".lock");
        let file = File::create(&path).map_err(SandboxError::file("create", &path))?;
        file.lock().map_err(SandboxError::file("lock", &path))?;
        Ok(file)
    }

    fn spawn(&self, exe: &Path, name: &str, log_path: &Path) -> Result<Child, SandboxError> {
        let log = File::create(log_path).map_err(SandboxError::file("create", log_path))?;
        let errors = log
            .try_clone()
            .map_err(SandboxError::file("open", log_path))?;
        let kept = KEPT
            .iter()
            .filter_map(|name| Some((name, env::var_os(name)?)));
        Command::new(exe)
            .args(["serve", "--name", name])
            .env_clear()
            .envs(kept)
            .env("NEX_SANDBOX_DIR", &self.dir)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(SandboxError::file("start", exe))
    }

    fn wait_until_up(&self, name: &str, child: &mut Child) -> Result<State, String> {
        let start = Instant::now();
        while start.elapsed() < START_LIMIT {
            if let Ok(Some(status)) = self.status(name)
                && status.up
                && status.state.pid == child.id()
            {
                return Ok(status.state);
            }
            if let Ok(Some(end)) = child.try_wait() {
                return Err(format!("its process ended ({end})"));
            }
            std::thread::sleep(POLL);
        }
        Err(format!(
            "the start took longer than {} s",
            START_LIMIT.as_secs()
        ))
    }
}

/// Ends the process of a sandbox, if it is still running.
fn end(state: &State) {
    if answers(state) {
        // The process may end before it answers.
        let _ = agent().post(url(state, "shutdown")).send_empty();
        let start = Instant::now();
        while start.elapsed() < STOP_LIMIT && is_running(state) {
            std::thread::sleep(POLL);
        }
    }
    if is_running(state)
        && let Some(pid) = i32::try_from(state.pid).ok().and_then(Pid::from_raw)
    {
        // moto ends too, because its stdin closes.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Whether the process id belongs to this sandbox. The system may have given the id to another
/// program since.
fn is_running(state: &State) -> bool {
    let Ok(command_line) = fs::read(format!("/proc/{}/cmdline", state.pid)) else {
        return false;
    };
    let words: Vec<&[u8]> = command_line.split(|&byte| byte == 0).collect();
    words
        .windows(3)
        .any(|words| words == [b"serve".as_slice(), b"--name", state.name.as_bytes()])
}

/// Whether the gateway answers and belongs to the process in the state.
fn answers(state: &State) -> bool {
    #[derive(Deserialize)]
    struct Health {
        pid: u32,
    }
    let health = || -> Result<Health, ureq::Error> {
        let mut response = agent().get(url(state, "health")).call()?;
        response.body_mut().read_json()
    };
    health().is_ok_and(|health| health.pid == state.pid)
}

/// The URL of a control call.
fn url(state: &State, path: &str) -> String {
    format!("http://127.0.0.1:{}/_sandbox/{path}", state.port)
}

/// An HTTP client for control calls.
fn agent() -> Agent {
    let config = Agent::config_builder()
        // The proxy of the environment cannot reach this machine's loopback.
        .proxy(None)
        .timeout_global(Some(CONTROL_LIMIT))
        .build();
    config.into()
}

/// Writes `state.json` atomically, so that no reader sees an incomplete file.
fn write_state(folder: &Path, state: &State) -> Result<(), SandboxError> {
    let path = folder.join("state.json");
    let text = serde_json::to_vec_pretty(state).unwrap_or_default();
    NamedTempFile::new_in(folder)
        .and_then(|mut file| {
            file.write_all(&text)?;
            file.persist(&path)?;
            Ok(())
        })
        .map_err(SandboxError::file("write", path.clone()))
}

fn remove(folder: &Path) -> Result<(), SandboxError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(SandboxError::file("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

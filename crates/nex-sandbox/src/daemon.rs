//! Sandboxes that stay up between commands: one background process and one folder for each name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::SandboxError;
use crate::sandbox::{Sandbox, SandboxOptions, aws_env, cloudflare_env};
use crate::venv;

/// How long a start may take once the environment is there: it takes about two seconds, and a
/// machine that is busy building may take ten times that.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a sandbox may take to end before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How long a healthy gateway may take to answer on loopback.
const HEALTH_LIMIT: Duration = Duration::from_secs(2);
/// How often a change is looked for.
const POLL: Duration = Duration::from_millis(20);

/// What is known about a sandbox that is up: its `state.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The sandbox's name.
    pub name: String,
    /// The process that is the gateway, and moto's parent.
    pub pid: u32,
    /// The gateway's port on 127.0.0.1.
    pub port: u16,
    /// The gateway's address.
    pub endpoint: String,
    /// Where the stand-in for Cloudflare's API is.
    #[serde(default)]
    pub cloudflare_url: String,
}

impl State {
    /// The variables that point clients of AWS and of Cloudflare at the sandbox.
    pub fn env(&self) -> BTreeMap<&'static str, String> {
        let mut env = aws_env(&self.endpoint);
        env.extend(cloudflare_env(&self.cloudflare_url));
        env
    }
}

/// A sandbox as `status` finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What its folder says.
    #[serde(flatten)]
    pub state: State,
    /// Whether that process is there and answers.
    pub up: bool,
}

/// All sandboxes under one folder.
#[derive(Debug, Clone)]
pub struct Daemon {
    dir: PathBuf,
}

impl Daemon {
    /// Those under `dir` (see [`crate::default_dir`]).
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The sandbox's folder: `state.json`, logs and moto's files.
    ///
    /// # Errors
    /// When the name cannot be a sandbox's.
    pub fn folder(&self, name: &str) -> Result<PathBuf, SandboxError> {
        let good = (1..=32).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !name.starts_with('-')
            && !name.starts_with("venv-");
        if good {
            Ok(self.dir.join(name))
        } else {
            Err(SandboxError::Name {
                name: name.to_owned(),
            })
        }
    }

    /// Whether the next start has to make the Python environment first, which takes a while.
    pub fn is_first_start(&self) -> bool {
        !venv::is_made(&self.dir)
    }

    /// Starts the sandbox, unless it is up, by running `exe serve --name NAME` in the
    /// background, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready; the error holds the end of its log.
    pub fn up(&self, exe: &Path, name: &str) -> Result<State, SandboxError> {
        let folder = self.folder(name)?;
        venv::ensure(&self.dir)?;
        let _one_at_a_time = self.lock()?;
        if let Some(status) = self.status(name)? {
            if status.up {
                return Ok(status.state);
            }
            self.clear(&status.state)?;
        }
        remove(&folder)?;
        fs::create_dir_all(&folder).map_err(SandboxError::file("make", &folder))?;
        let log_path = folder.join("serve.log");
        let mut child = self.spawn(exe, name, &log_path)?;
        let waited = self.wait_until_up(name, &mut child);
        waited.map_err(|why| {
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

    /// What is known about one sandbox; none when it has no state.
    ///
    /// # Errors
    /// When the name is bad or the state cannot be read.
    pub fn status(&self, name: &str) -> Result<Option<Status>, SandboxError> {
        let path = self.folder(name)?.join("state.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SandboxError::file("read", path)(error)),
        };
        // It is written whole or not at all, so anything else was never ours.
        let Ok(state) = serde_json::from_slice::<State>(&text) else {
            return Ok(None);
        };
        let up = answers(&state);
        Ok(Some(Status { state, up }))
    }

    /// All sandboxes that have a state, by name.
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

    /// The sandbox's state if it is up.
    ///
    /// # Errors
    /// When it is not up.
    pub fn get(&self, name: &str) -> Result<State, SandboxError> {
        match self.status(name)? {
            Some(status) if status.up => Ok(status.state),
            _ => Err(SandboxError::NotUp {
                name: name.to_owned(),
            }),
        }
    }

    /// Ends the sandbox and removes its folder. False when there was nothing to end.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn down(&self, name: &str) -> Result<bool, SandboxError> {
        let folder = self.folder(name)?;
        if !folder.exists() {
            return Ok(false);
        }
        let _one_at_a_time = self.lock()?;
        if let Some(status) = self.status(name)? {
            self.clear(&status.state)?;
        }
        remove(&folder)?;
        Ok(true)
    }

    /// Serves the sandbox `name` in this process until it is told to end; what `exe serve` runs.
    ///
    /// # Errors
    /// When the sandbox cannot be started or its state cannot be written.
    pub async fn serve(&self, name: &str) -> Result<(), SandboxError> {
        let folder = self.folder(name)?;
        // A session of its own: the end of the terminal is not the end of the sandbox. It fails
        // only when this process leads one already.
        let _ = rustix::process::setsid();
        let options = SandboxOptions {
            dir: Some(self.dir.clone()),
            folder: Some(folder.clone()),
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await?;
        let port = sandbox
            .endpoint()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        write_state(
            &folder,
            &State {
                name: name.to_owned(),
                pid: std::process::id(),
                port: port.unwrap_or_default(),
                endpoint: sandbox.endpoint().to_owned(),
                cloudflare_url: sandbox.cloudflare_url().to_owned(),
            },
        )?;
        let mut told =
            signal(SignalKind::terminate()).map_err(SandboxError::file("watch", "signals"))?;
        tokio::select! {
            () = sandbox.shutdown_asked() => {
                // Let the answer to that very call go out.
                tokio::time::sleep(POLL).await;
            }
            _ = told.recv() => {}
        }
        drop(sandbox);
        remove(&folder)
    }

    /// Held while a sandbox is started or ended, so that two commands do not do both at once.
    fn lock(&self) -> Result<File, SandboxError> {
        fs::create_dir_all(&self.dir).map_err(SandboxError::file("make", &self.dir))?;
        let path = self.dir.join(".lock");
        let file = File::create(&path).map_err(SandboxError::file("make", &path))?;
        file.lock().map_err(SandboxError::file("lock", &path))?;
        Ok(file)
    }

    fn spawn(&self, exe: &Path, name: &str, log_path: &Path) -> Result<Child, SandboxError> {
        let log = File::create(log_path).map_err(SandboxError::file("make", log_path))?;
        let errors = log
            .try_clone()
            .map_err(SandboxError::file("open", log_path))?;
        Command::new(exe)
            .args(["serve", "--name", name])
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
                return Err(format!("because it ended ({end})"));
            }
            std::thread::sleep(POLL);
        }
        Err(format!("within {} s", START_LIMIT.as_secs()))
    }

    /// Ends the process that `state` names, if it is still that one.
    fn clear(&self, state: &State) -> Result<(), SandboxError> {
        if answers(state) {
            // It may end before it has answered.
            let _ = request(state.port, "POST", "shutdown");
            let start = Instant::now();
            while start.elapsed() < STOP_LIMIT && is_ours(state) {
                std::thread::sleep(POLL);
            }
        }
        if is_ours(state)
            && let Some(pid) = i32::try_from(state.pid).ok().and_then(Pid::from_raw)
        {
            // moto sees the end of its pipe and follows.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        Ok(())
    }
}

/// Whether the process with the state's number is a sandbox of that name, and not another program
/// that got the number later.
fn is_ours(state: &State) -> bool {
    let Ok(line) = fs::read(format!("/proc/{}/cmdline", state.pid)) else {
        return false;
    };
    let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
    words
        .windows(3)
        .any(|words| words == [b"serve".as_slice(), b"--name", state.name.as_bytes()])
}

/// Whether the gateway answers, and is the process that the state names.
fn answers(state: &State) -> bool {
    #[derive(Deserialize)]
    struct Health {
        pid: u32,
    }
    request(state.port, "GET", "health")
        .ok()
        .and_then(|body| serde_json::from_str::<Health>(&body).ok())
        .is_some_and(|health| health.pid == state.pid)
}

/// One call of the control API, and its answer's body.
fn request(port: u16, method: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(HEALTH_LIMIT))?;
    let head = format!(
        "{method} /_sandbox/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .unwrap_or_default())
}

/// Writes the state in one step: whoever reads it finds all of it or nothing.
fn write_state(folder: &Path, state: &State) -> Result<(), SandboxError> {
    let (new, path) = (folder.join("state.json.new"), folder.join("state.json"));
    let text = serde_json::to_vec_pretty(state).unwrap_or_default();
    fs::write(&new, text).map_err(SandboxError::file("write", &new))?;
    fs::rename(&new, &path).map_err(SandboxError::file("write", &path))
}

fn remove(folder: &Path) -> Result<(), SandboxError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(SandboxError::file("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

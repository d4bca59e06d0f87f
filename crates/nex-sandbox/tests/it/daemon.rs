//! The commands up, status, env and down, also for a sandbox whose process was killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::{ec2, http, start};

/// A folder for sandboxes, with a link to the shared Python environment.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(venv: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let name = venv.file_name().expect("a name");
        std::os::unix::fs::symlink(venv, folder.path().join(name)).expect("a link");
        Self(folder)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nex-sandbox"));
        command.args(args).env("NEX_SANDBOX_DIR", self.0.path());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command")
    }

    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {errors}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn up(&self, name: &str) -> serde_json::Value {
        let text = self.text(&["up", "--name", name, "--json"]);
        serde_json::from_str(text.lines().next().expect("a line")).expect("an object")
    }

    fn contains(&self, name: &str) -> bool {
        self.0.path().join(name).exists()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.run(&["down", "--all"]);
    }
}

/// The Python environment that all tests share.
async fn venv() -> PathBuf {
    let sandbox = start().await;
    let python = sandbox.python();
    python
        .parent()
        .and_then(Path::parent)
        .expect("bin/python")
        .to_owned()
}

/// The processes whose command line mentions `text`.
fn processes(text: &str) -> Vec<u32> {
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
                String::from_utf8_lossy(&line)
                    .replace('\0', " ")
                    .contains(text)
            })
        })
        .collect()
}

/// The port that a process listens on.
fn listening_port(pid: u32) -> u16 {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).expect("/proc");
    let links = links.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    let sockets: Vec<String> = links.map(|link| link.display().to_string()).collect();
    let connections = fs::read_to_string("/proc/net/tcp").expect("/proc");
    let mut ports = connections.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [_, address, _, state, ..] = columns[..] else {
            return None;
        };
        let socket = format!("socket:[{}]", columns.get(9)?);
        let listens = state == "0A" && sockets.contains(&socket);
        let (_, port) = address.split_once(':').filter(|_| listens)?;
        u16::from_str_radix(port, 16).ok()
    });
    ports.next().expect("a port")
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "timed out: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn up_is_idempotent_and_down_removes_everything() {
    let folder = Folder::new(&venv().await);
    let (one, again, two) = (folder.up("one"), folder.up("one"), folder.up("two"));
    assert_eq!(one, again);
    assert_ne!(one["endpoint"], two["endpoint"]);
    assert_eq!(one["env"]["AWS_ENDPOINT_URL"], one["endpoint"]);
    assert_eq!(one["env"]["AWS_ENDPOINT_URL_S3"], one["s3_endpoint"]);
    assert_eq!(one["env"]["AWS_CA_BUNDLE"], one["ca_file"]);

    // Each sandbox has its own state, which lasts between commands.
    let endpoint = |up: &serde_json::Value| up["endpoint"].as_str().expect("text").to_owned();
    let count = |up| {
        let (_, body) = ec2(&endpoint(up), "Action=DescribeAddresses").expect("an answer");
        body.matches("<publicIp>").count()
    };
    ec2(&endpoint(&one), "Action=AllocateAddress&Domain=vpc").expect("an answer");
    assert_eq!(count(&one), count(&two) + 1);

    let env = folder.text(&["env", "--name", "two"]);
    assert!(
        env.contains(&format!("export AWS_ENDPOINT_URL={}\n", endpoint(&two))),
        "{env}"
    );
    for (name, value) in [
        ("AWS_ENDPOINT_URL_S3", "s3_endpoint"),
        ("AWS_CA_BUNDLE", "ca_file"),
    ] {
        let value = two[value].as_str().expect("text");
        assert!(env.contains(&format!("export {name}={value}\n")), "{env}");
    }
    let line = "export CLOUDFLARE_BASE_URL=http://127.0.0.1:";
    assert!(env.contains(line) && env.contains("/client/v4/\n"), "{env}");
    assert!(env.contains("export CLOUDFLARE_API_TOKEN="), "{env}");
    let status: serde_json::Value =
        serde_json::from_str(&folder.text(&["status", "--json"])).expect("JSON");
    let names: Vec<&str> = status
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["one", "two"]);

    // Each start can change the lag, and keeps it otherwise. Snapshots of the past end with their sandbox.
    for (args, ms) in [
        (&["--lag", "2.5"][..], 2500),
        (&[], 2500),
        (&["--lag", "600"], 600_000),
    ] {
        folder.text(&[&["up", "--name", "one"], args].concat());
        let url = format!("{}/_sandbox/lag", endpoint(&one));
        let lag = http::send("GET", &url, &[], "").expect("an answer");
        assert_eq!(lag.into_body(), format!(r#"{{"ms":{ms}}}"#));
    }
    assert!(!folder.run(&["up", "--lag", "-1"]).status.success());
    let launcher = format!("{}/one/launcher", folder.0.path().display());
    assert_eq!(processes(&launcher).len(), 1);
    ec2(&endpoint(&one), "Action=AllocateAddress&Domain=vpc").expect("an answer");
    assert_eq!(processes(&launcher).len(), 2);

    let mine = folder.0.path().to_str().expect("text").to_owned();
    folder.text(&["down", "--name", "one"]);
    assert!(!folder.contains("one") && folder.contains("two"));
    wait_until("snapshots end", || processes(&launcher).is_empty());
    folder.text(&["down", "--all"]);
    assert!(!folder.contains("two"));
    assert_eq!(processes(&mine), Vec::<u32>::new());
    assert!(!folder.run(&["status", "--name", "two"]).status.success());
    assert!(!folder.run(&["env", "--name", "two"]).status.success());
}

#[tokio::test]
async fn moto_ends_with_a_killed_gateway_and_up_starts_a_new_sandbox() {
    let folder = Folder::new(&venv().await);
    let before = folder.up("one");
    let pid = before["pid"].to_string();
    let launcher = format!("{}/one/launcher", folder.0.path().display());
    assert_eq!(processes(&launcher).len(), 1);
    Command::new("kill")
        .args(["-9", &pid])
        .status()
        .expect("kill");
    wait_until("moto ends", || processes(&launcher).is_empty());
    assert!(!folder.run(&["status", "--name", "one"]).status.success());
    let after = folder.up("one");
    assert_ne!(before["pid"], after["pid"]);

    // SIGTERM makes the sandbox remove its folder.
    let pid = after["pid"].to_string();
    Command::new("kill").arg(pid).status().expect("kill");
    wait_until("the folder is removed", || !folder.contains("one"));
    assert!(processes(&launcher).is_empty());
}

#[tokio::test]
async fn a_program_that_has_the_process_id_now_is_not_killed() {
    let folder = Folder::new(&venv().await);
    let mut other = Command::new("sleep").arg("60").spawn().expect("sleep");
    let state = folder.0.path().join("one");
    fs::create_dir(&state).expect("a folder");
    let text = format!(
        r#"{{"name":"one","pid":{},"port":1,"endpoint":"http://127.0.0.1:1"}}"#,
        other.id()
    );
    fs::write(state.join("state.json"), text).expect("a state");
    assert!(folder.text(&["status"]).contains("one gone"));
    folder.text(&["down", "--name", "one"]);
    assert!(!folder.contains("one"));
    assert!(
        other.try_wait().expect("its state").is_none(),
        "the other program is running"
    );
    other.kill().expect("kill");
    other.wait().expect("its end");
}

#[tokio::test]
async fn a_sandbox_in_the_background_keeps_no_credentials_of_its_starter() {
    let folder = Folder::new(&venv().await);
    let mut up = folder.command(&["up", "--name", "one"]);
    for name in ["AWS_SECRET_ACCESS_KEY", "CLOUDFLARE_API_TOKEN", "OF_OWN"] {
        up.env(name, "real-secret");
    }
    assert!(up.output().expect("the command").status.success());
    let mine = processes(folder.0.path().to_str().expect("text"));
    let daemon = processes("serve --name one");
    let pids: BTreeSet<u32> = mine.into_iter().chain(daemon).collect();
    let environments: Vec<String> = pids
        .iter()
        .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/environ")).ok())
        .collect();
    let dir = format!("NEX_SANDBOX_DIR={}\0", folder.0.path().display());
    assert!(environments.iter().any(|one| one.contains(&dir)));
    assert!(!environments.iter().any(|one| one.contains("real-secret")));
}

#[tokio::test]
async fn moto_itself_answers_calls_to_this_machine_only() {
    let folder = Folder::new(&venv().await);
    folder.up("one");
    let launcher = format!("{}/one/launcher", folder.0.path().display());
    let url = format!(
        "http://127.0.0.1:{}/",
        listening_port(processes(&launcher)[0])
    );
    for (host, is_refused) in [
        ("evil.example", true),
        ("localhost.evil.example:1", true),
        ("localhost:1", false),
    ] {
        let answer = http::send("GET", &url, &[("Host", host)], "").expect("an answer");
        assert_eq!(answer.status() == 403, is_refused, "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn invalid_names_are_refused() {
    let folder = Folder::new(&venv().await);
    for name in ["", "..", "a/b", "venv-1", "Upper", "-x"] {
        let name = format!("--name={name}");
        let output = folder.run(&["down", &name]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && errors.contains("is not a valid sandbox name"),
            "{name}: {errors}"
        );
    }
}

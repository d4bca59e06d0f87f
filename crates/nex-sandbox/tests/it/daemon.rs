//! The commands up, status, env and down, also for a sandbox whose process was killed.

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

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_nex-sandbox"))
            .args(args)
            .env("NEX_SANDBOX_DIR", self.0.path())
            .output()
            .expect("the command")
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

//! User data, read by real Python.

use std::io::Write as _;
use std::process::{Command, Stdio};

use nex_host::{
    AGENT_PATH, Artifact, BUNDLE_PATH, Bundle, Cause, Digest, HOST_FILE_PATH, HostConfig, Role,
    USER_DATA_LIMIT, UserDataTooLarge, user_data,
};
use proptest::prelude::*;

use crate::support::{agent, runner};

/// Reads a script from its standard input, runs it up to its endless loop, and prints its values as JSON.
const READER: &str = r#"
import ast, json, sys

tree = ast.parse(sys.stdin.buffer.read(), feature_version=(3, 9))
loop = tree.body.pop()
assert isinstance(loop, ast.While), loop
for node in ast.walk(tree):
    names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
    names += [node.module] if isinstance(node, ast.ImportFrom) else []
    for name in names:
        # Python 3.9 has no list of its own modules.
        assert name.split(".")[0] in getattr(sys, "stdlib_module_names", [name.split(".")[0]]), name
values = {"__name__": "script"}
exec(compile(tree, "script", "exec"), values)
answer = {name: values[name] for name in ("HOST", "AGENT", "BUNDLE", "HOST_FILE")}
errors = [
    OSError(28, "No space left on device"),
    OSError(13, "Permission denied"),
    values["URLError"](OSError(111, "Connection refused")),
    ConnectionResetError(),
    values["socket"].timeout("timed out"),
    values["Mismatch"]("x"),
    ValueError("x" * 9999),
]
answer["causes"] = [values["reason"](error)["cause"] for error in errors]
answer["longest"] = max(len(values["reason"](error)["text"]) for error in errors)
print(json.dumps(answer))
"#;

/// The values of the script as Python reads them.
fn read(script: &str) -> serde_json::Value {
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut stdin = python.stdin.take().expect("stdin");
    stdin.write_all(script.as_bytes()).expect("written");
    drop(stdin);
    let output = python.wait_with_output().expect("output");
    assert!(output.status.success(), "{script}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn host(agent: Artifact, bundle: Artifact) -> HostConfig {
    HostConfig {
        role: Role::Runner,
        region: "eu-west-3".parse().expect("a Region"),
        artifacts: "009001720821/example-artifacts".parse().expect("a bucket"),
        status: "009001720821/example-status".parse().expect("a bucket"),
        agent,
        bundle,
    }
}

fn artifact(key: &str) -> Artifact {
    Artifact {
        key: key.parse().expect("a key"),
        sha256: Digest::of(key.as_bytes()),
        bytes: 15_000_000,
    }
}

#[test]
fn the_largest_real_values_fit() {
    let bundle = Bundle::new(runner()).expect("a bundle");
    let largest = format!("009001720821/{}", "x".repeat(63));
    let mut host = host(agent().artifact(), bundle.artifact());
    host.agent.bytes = 15_000_000;
    host.region = "ap-southeast-3".parse().expect("a Region");
    host.artifacts = largest.parse().expect("a bucket");
    host.status = host.artifacts.clone();
    let script = user_data(&host).expect("user data");
    let lines = script.lines().count();
    assert!(lines <= 120, "{lines} lines");
    assert!(script.len() <= USER_DATA_LIMIT, "{} bytes", script.len());
    let values = read(&script);
    assert_eq!(values["HOST"], serde_json::to_value(&host).expect("JSON"));
    assert_eq!(values["AGENT"], AGENT_PATH);
    assert_eq!(values["BUNDLE"], BUNDLE_PATH);
    assert_eq!(values["HOST_FILE"], HOST_FILE_PATH);
}

#[test]
fn each_failure_has_its_cause() {
    let script = user_data(&host(artifact("agent"), artifact("bundle"))).expect("user data");
    let values = read(&script);
    let causes: Vec<Cause> = serde_json::from_value(values["causes"].clone()).expect("causes");
    let network = Cause::NoNetwork;
    assert_eq!(
        causes,
        [
            Cause::DiskFull,
            Cause::Other,
            network,
            network,
            network,
            Cause::HashMismatch,
            Cause::Other
        ]
    );
    // A status has room for one such text, whatever its characters are.
    assert_eq!(values["longest"], 500);
}

#[test]
fn user_data_over_the_limit_is_refused() {
    let long = artifact(&"x".repeat(1024));
    let error = user_data(&host(long.clone(), long)).expect_err("too large");
    assert!(error.bytes > USER_DATA_LIMIT);
    let text = UserDataTooLarge { bytes: 6145 }.to_string();
    assert!(
        text.starts_with("the user data has 6145 bytes, 1 more than the limit of 6144"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_value_comes_out_of_python_as_it_went_in(
        keys in prop::array::uniform2(r#"(\PC|'|"|\\|@HOST@|'''|\\N\{|#|%|\{\}){1,12}"#),
    ) {
        let [agent, bundle] = keys.map(|key| artifact(&key));
        let host = host(agent, bundle);
        let script = user_data(&host).expect("user data");
        prop_assert!(script.is_ascii());
        prop_assert_eq!(&script, &user_data(&host).expect("user data"));
        prop_assert_eq!(&read(&script)["HOST"], &serde_json::to_value(&host).expect("JSON"));
    }
}

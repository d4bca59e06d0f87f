//! S3 over TLS, with the clients of others.

use std::fs;
use std::process::{Command, Output};

use nex_sandbox::{Fault, Loss, Rule, Sandbox};

use crate::start;

/// Lists a bucket with boto3, which checks certificates against the file of AWS_CA_BUNDLE.
fn list(sandbox: &Sandbox, change: impl FnOnce(&mut Command)) -> Output {
    let script = "
import boto3
from botocore.config import Config
once = Config(retries={'total_max_attempts': 1})
print(boto3.client('s3', config=once).list_objects_v2(Bucket='nex-staging-backups')['KeyCount'])";
    let mut command = Command::new(sandbox.python());
    command.args(["-c", script]).env_remove("AWS_PROFILE");
    command.envs(sandbox.env());
    change(&mut command);
    command.output().expect("python")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[tokio::test]
async fn s3_has_a_certificate_that_only_the_sandbox_s_authority_signed() {
    let (sandbox, other) = (start().await, start().await);
    let ended = list(&sandbox, |_| ());
    assert_eq!(text(&ended.stdout), "0", "{}", text(&ended.stderr));
    let localhost = sandbox.endpoints().s3.replace("127.0.0.1", "localhost");
    let ended = list(&sandbox, |command| {
        command.env("AWS_ENDPOINT_URL_S3", localhost);
    });
    assert_eq!(text(&ended.stdout), "0", "{}", text(&ended.stderr));

    let of_other = other.endpoints().ca_file.clone();
    let refused = list(&sandbox, |command| {
        command.env("AWS_CA_BUNDLE", of_other);
    });
    let why = text(&refused.stderr);
    assert!(why.contains("CERTIFICATE_VERIFY_FAILED"), "{why}");
    let root = fs::read_to_string(&sandbox.endpoints().ca_file).expect("a file");
    assert_eq!(root.matches("BEGIN CERTIFICATE").count(), 1);
    assert!(!root.contains("PRIVATE"), "{root}");
}

#[tokio::test]
async fn rules_and_the_journal_apply_to_calls_over_tls() {
    let sandbox = start().await;
    sandbox.reset_calls();
    let lost = Fault::FailAfter { how: Loss::Drop };
    sandbox.add_rule(Rule::new(lost).service("s3").times(1));
    let ended = list(&sandbox, |_| ());
    let why = text(&ended.stderr);
    assert!(
        !ended.status.success() && why.contains("Connection"),
        "{why}"
    );
    list(&sandbox, |_| ());
    let seen = sandbox.calls();
    let seen: Vec<_> = seen
        .iter()
        .map(|call| (&*call.operation, call.status))
        .collect();
    assert_eq!(
        seen,
        [("ListObjectsV2", None), ("ListObjectsV2", Some(200))]
    );
}

//! Statuses.

use std::error::Error as _;
use std::time::Duration;

use nex_host::{
    Backup, Cause, Digest, Disk, Format, LogLine, Outcome, Reason, Role, RunnerState, STALE_AFTER,
    STATUS_LIMIT, State, Status, StatusError, Step, Timestamp,
};
use proptest::collection::vec;
use proptest::prelude::*;

const INSTANCE: &str = "arn:aws:ec2:eu-west-3:009001720821:instance/i-0123456789abcdef0";

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn step(name: &str, outcome: Outcome) -> Step {
    Step {
        name: name.into(),
        outcome,
    }
}

fn done() -> Outcome {
    Outcome::Done {
        started_at: at(1),
        ended_at: at(2),
    }
}

fn failed(cause: Cause, text: &str) -> Outcome {
    Outcome::Failed {
        started_at: at(1),
        ended_at: at(2),
        reason: Reason::new(cause, text),
    }
}

fn status(steps: Vec<Step>) -> Status {
    Status {
        format: Format,
        role: Role::Server,
        instance: INSTANCE.parse().expect("an ARN"),
        written_at: at(1_796_045_776),
        agent: None,
        bundle: None,
        steps: steps.into_iter().collect(),
        disks: [].into_iter().collect(),
        certificate_ends_at: None,
        last_backup: None,
        ssh_host_keys: [].into_iter().collect(),
        newest_log_line: None,
        runner: None,
    }
}

/// A status in which every list has `items` items and every text is one of `texts`.
fn filled(items: usize, texts: &[String], number: u64) -> Status {
    let text = |n: usize| texts[n % texts.len()].as_str();
    let all = 0..items;
    Status {
        agent: Some(Digest::of(b"sources").into()),
        bundle: Some(Digest::of(b"bundle")),
        steps: all
            .clone()
            .map(|n| step(text(n), failed(Cause::KeyFingerprintDiffers, text(n + 1))))
            .collect(),
        disks: all
            .clone()
            .map(|n| Disk {
                path: text(n).into(),
                bytes: number,
                free_bytes: number,
            })
            .collect(),
        certificate_ends_at: Some(at(number)),
        last_backup: Some(Backup {
            ended_at: at(number),
            bytes: number,
        }),
        ssh_host_keys: all.map(|n| text(n).into()).collect(),
        newest_log_line: Some(LogLine {
            at: at(number),
            text: text(0).into(),
        }),
        runner: Some(RunnerState::Draining),
        ..status(vec![])
    }
}

#[test]
fn the_largest_status_keeps_the_limit() {
    for text in ["x", "\"", "\\", "\u{1b}", "é", "🦀"] {
        let texts = [text.repeat(2000)];
        let bytes = filled(1000, &texts, u64::MAX).to_bytes();
        assert!(
            bytes.len() <= STATUS_LIMIT,
            "{} bytes of {text:?}",
            bytes.len()
        );
    }
}

proptest! {
    #[test]
    fn every_status_keeps_the_limit_and_comes_back(
        items in 0..40_usize, texts in vec(any::<String>(), 1..5), number in any::<u64>(),
    ) {
        let status = filled(items, &texts, number);
        let bytes = status.to_bytes();
        prop_assert!(bytes.len() <= STATUS_LIMIT);
        prop_assert_eq!(Status::parse(&bytes).expect("a status"), status);
    }

    #[test]
    fn no_document_makes_the_parser_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Status::parse(&bytes);
    }
}

#[test]
fn the_json_of_a_status() {
    let status = status(vec![
        step("fetch", done()),
        step("secrets", failed(Cause::NoSecret, "nex/token has no value")),
        step("ready", Outcome::Waiting),
    ]);
    let json: serde_json::Value = serde_json::from_slice(&status.to_bytes()).expect("JSON");
    let expected = serde_json::json!({
        "format": 1,
        "role": "server",
        "instance": INSTANCE,
        "written_at": "2026-11-30T13:36:16Z",
        "steps": [
            {
                "name": "fetch",
                "result": "done",
                "started_at": "1970-01-01T00:00:01Z",
                "ended_at": "1970-01-01T00:00:02Z",
            },
            {
                "name": "secrets",
                "result": "failed",
                "started_at": "1970-01-01T00:00:01Z",
                "ended_at": "1970-01-01T00:00:02Z",
                "reason": {"cause": "no-secret", "text": "nex/token has no value"},
            },
            {"name": "ready", "result": "waiting"},
        ],
        "disks": [],
        "ssh_host_keys": [],
    });
    assert_eq!(json, expected);
}

/// The JSON of a filled status after a change of its text.
fn changed(old: &str, new: &str) -> Result<Status, StatusError> {
    let bytes = filled(1, &["text".to_owned()], 3).to_bytes();
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(text.contains(old), "{old} is not in {text}");
    Status::parse(text.replacen(old, new, 1).as_bytes())
}

#[test]
fn what_only_a_newer_agent_knows_is_left_out() {
    for (old, new) in [
        (r#"{"format""#, r#"{"kernel":{"a":[1]},"format""#),
        (r#""path":"#, r#""inodes":1,"path":"#),
        (r#""cause":"#, r#""hint":"x","cause":"#),
    ] {
        let status = changed(old, new).expect("a status");
        assert_eq!(status, filled(1, &["text".to_owned()], 3), "{new}");
    }
    let status = changed("key-fingerprint-differs", "moon-phase").expect("a status");
    let Outcome::Failed { reason, .. } = &status.steps.as_slice()[0].outcome else {
        panic!("{status:?}");
    };
    assert_eq!((reason.cause, reason.text.as_str()), (Cause::Other, "text"));
    let status = changed("draining", "sleeping").expect("a status");
    assert_eq!(status.runner, Some(RunnerState::Unknown));
}

#[test]
fn a_wrong_type_is_an_error() {
    for (old, new) in [
        (r#""role":"server""#, r#""role":"mirror""#),
        (r#""role":"server""#, r#""role":1"#),
        (INSTANCE, "i-0123456789abcdef0"),
        ("2026-11-30T13:36:16Z", "yesterday"),
        (r#""steps":["#, r#""steps":[1,"#),
        (r#""result":"failed""#, r#""result":"maybe""#),
        (r#""name":"text""#, r#""name":null"#),
        (r#""bytes":3"#, r#""bytes":-3"#),
        (r#","steps""#, r#","stages""#),
    ] {
        let error = changed(old, new).expect_err(new);
        assert!(matches!(error, StatusError::Malformed(_)), "{new}: {error}");
        assert!(error.source().is_some());
    }
}

#[test]
fn a_newer_format_and_a_large_document_are_errors_of_their_own() {
    let error = changed(r#""format":1"#, r#""format":2"#).expect_err("a newer format");
    assert_eq!(
        error.to_string(),
        "the status has the format 2; only the format 1 is known"
    );
    let error = Status::parse(&vec![b' '; STATUS_LIMIT + 1]).expect_err("too large");
    assert!(
        matches!(error, StatusError::TooLarge { bytes: 20_001 }),
        "{error}"
    );
}

#[test]
fn a_status_is_stale_after_fifteen_minutes() {
    let status = status(vec![]);
    let written = status.written_at.unix();
    assert_eq!(status.age(at(written + 60)), Duration::from_secs(60));
    assert!(!status.is_stale(at(written + 900)));
    assert!(status.is_stale(at(written + 901)));
    assert_eq!(STALE_AFTER, Duration::from_secs(900));
    // The host's clock is ahead.
    assert_eq!(status.age(at(written - 60)), Duration::ZERO);
}

#[test]
fn the_state_follows_from_the_steps() {
    let running = || Outcome::Running { started_at: at(1) };
    for (outcomes, state) in [
        (vec![], State::Working),
        (vec![done(), done()], State::Done),
        (vec![done(), running(), Outcome::Waiting], State::Working),
        (vec![failed(Cause::Other, ""), running()], State::Failed),
    ] {
        let steps = outcomes.into_iter().map(|outcome| step("x", outcome));
        assert_eq!(status(steps.collect()).state(), state);
    }
}

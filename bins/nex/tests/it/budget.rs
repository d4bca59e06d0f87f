//! What a plan may cost: calls, and how many of them wait for each other.

use crate::stage::{Reference, Stage};

/// The promise of README and docs, for both clouds together: see `cargo xtask bench`.
const CALLS: usize = 45;

#[test]
fn a_plan_of_what_is_built_takes_few_calls_however_many_rules_there_are() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.sandbox.reset_calls();
    let plan = stage.nex(&["plan", &file, "-v"]).expect(0);
    let calls = stage.sandbox.calls();
    let names: Vec<&str> = calls.iter().map(|c| c.operation.as_str()).collect();
    assert!(calls.len() <= CALLS, "{}: {names:?}", calls.len());
    assert!(calls.iter().all(|call| !call.mutating), "{names:?}");
    assert!(
        plan.err.contains(&format!("calls: {}", calls.len())),
        "{}",
        plan.err
    );
}

#[test]
fn calls_that_do_not_wait_for_each_other_go_out_at_once() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    // Far above what the answers take by themselves, so that the rounds show.
    let delay = std::time::Duration::from_millis(400);
    stage.sandbox.set_delay(delay);
    stage.sandbox.reset_calls();
    stage.nex(&["plan", &file]).expect(0);
    let calls = stage.sandbox.calls();
    let first = calls.iter().map(|c| c.start_ms).fold(f64::MAX, f64::min);
    let last = calls.iter().map(|c| c.start_ms).fold(0.0, f64::max);
    let rounds = 1.0 + (last - first) / delay.as_secs_f64() / 1000.0;
    assert!(rounds < 4.0, "{rounds} round trips");
}

//! The order of steps, their deadlines, and what they leave in journal and status.

use std::time::{Duration, Instant};

use nex_agent::failure::Failure;
use nex_agent::host::Host;
use nex_agent::step::{Again, Step, inputs};
use nex_host::{Cause, Outcome, State, Status};

use crate::machine::{Machine, contents};

/// A step that runs the program of its name.
macro_rules! step {
    ($name:literal, $needs:expr) => {
        Step {
            name: $name,
            deadline: Duration::from_secs(10),
            needs: $needs,
            inputs: |contents| inputs(&contents.files),
            again: Again::OnChange,
            run: |host| Box::pin(program(host, $name)),
        }
    };
}

async fn program(host: &Host<'_>, name: &str) -> Result<(), Failure> {
    host.programs.run(host.log, name, &["go"]).await?;
    Ok(())
}

fn steps() -> [Step; 4] {
    [
        step!("packages", &[]),
        step!("secrets", &[]),
        step!("service", &["packages", "secrets"]),
        step!("extra", &[]),
    ]
}

fn machine() -> Machine {
    let machine = Machine::new();
    for name in ["packages", "secrets", "service", "extra"] {
        machine.program(name, "");
    }
    machine
}

/// The steps' results in short.
fn results(status: &Status) -> Vec<&'static str> {
    let steps = status.steps.as_slice().iter();
    let result = |outcome: &Outcome| match outcome {
        Outcome::Waiting => "waiting",
        Outcome::Running { .. } => "running",
        Outcome::Done { .. } => "done",
        Outcome::Failed { .. } => "failed",
    };
    steps.map(|step| result(&step.outcome)).collect()
}

fn cause(status: &Status) -> Option<Cause> {
    status
        .steps
        .as_slice()
        .iter()
        .find_map(|step| match &step.outcome {
            Outcome::Failed { reason, .. } => Some(reason.cause),
            _ => None,
        })
}

#[tokio::test]
async fn what_needs_a_failed_step_waits_and_the_rest_runs_and_the_next_run_heals() {
    let (machine, contents) = (machine(), contents(vec![]));
    machine.program(
        "secrets",
        "echo 'E: Could not get lock /var/lib/dpkg/lock' >&2; exit 100",
    );
    let status = machine.converge(&contents, &steps()).await;
    assert_eq!(results(&status), ["done", "failed", "waiting", "done"]);
    assert_eq!(cause(&status), Some(Cause::AptLocked));
    assert_eq!(status.state(), State::Failed);
    assert_eq!(machine.calls(), ["packages go", "secrets go", "extra go"]);

    machine.program("secrets", "");
    let status = machine.converge(&contents, &steps()).await;
    assert_eq!(status.state(), State::Done);
    assert_eq!(machine.calls(), ["secrets go", "service go"]);

    machine.converge(&contents, &steps()).await;
    assert!(machine.calls().is_empty());
}

#[tokio::test]
async fn a_step_runs_again_when_its_part_of_the_bundle_changes() {
    let machine = machine();
    let mut steps = steps();
    steps[3].inputs = |contents| inputs(&contents.settings);
    machine.converge(&contents(vec![]), &steps).await;
    machine.calls();
    let changed = contents(vec![machine.file("/etc/a", "a")]);
    machine.converge(&changed, &steps).await;
    assert_eq!(machine.calls(), ["packages go", "secrets go", "service go"]);
}

#[tokio::test]
async fn steps_of_another_agent_are_forgotten_and_new_ones_run() {
    let (machine, contents) = (machine(), contents(vec![]));
    machine.converge(&contents, &steps()).await;
    machine.calls();
    machine.program("newest", "");
    let status = machine
        .converge(&contents, &[step!("newest", &[]), step!("extra", &[])])
        .await;
    assert_eq!(results(&status), ["done", "done"]);
    assert_eq!(machine.calls(), ["newest go"]);
}

#[tokio::test]
async fn the_status_is_stored_after_each_change() {
    let (machine, contents) = (machine(), contents(vec![]));
    let steps = [step!("packages", &[]), step!("extra", &[])];
    machine.converge(&contents, &steps).await;
    let statuses = machine.cloud.statuses.lock().expect("not poisoned");
    let stored: Vec<_> = statuses.iter().map(results).collect();
    assert_eq!(
        stored,
        [
            ["running", "waiting"],
            ["done", "waiting"],
            ["done", "running"],
            ["done", "done"],
        ]
    );
    let disks = statuses[0].disks.as_slice();
    assert!(disks[0].bytes >= disks[0].free_bytes && disks[0].bytes > 0);
    let line = statuses[3].newest_log_line.as_ref().expect("a line");
    assert_eq!(line.text.as_str(), "runs `extra go`");
}

#[tokio::test]
async fn a_long_step_keeps_the_status_fresh() {
    let (machine, contents) = (machine(), contents(vec![]));
    machine.program("packages", "sleep 1");
    machine.converge(&contents, &[step!("packages", &[])]).await;
    let statuses = machine.cloud.statuses.lock().expect("not poisoned");
    let running = statuses
        .iter()
        .filter(|status| results(status) == ["running"]);
    assert!(running.count() >= 3);
}

#[tokio::test]
async fn a_status_that_can_not_be_stored_stops_nothing() {
    let (machine, contents) = (machine(), contents(vec![]));
    *machine.cloud.is_closed.lock().expect("not poisoned") = true;
    let status = machine.converge(&contents, &steps()).await;
    assert_eq!(status.state(), State::Done);
    let line = machine.log.newest().expect("a line");
    assert_eq!(
        line.text.as_str(),
        "the status was not stored: the bucket is closed"
    );
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_killed_with_everything_that_it_started() {
    let (machine, contents) = (machine(), contents(vec![]));
    let child = machine.path("child");
    machine.program(
        "packages",
        &format!("sleep 60 & echo $! >'{}'; wait", child.display()),
    );
    let mut steps = [step!("packages", &[])];
    steps[0].deadline = Duration::from_millis(500);
    let start = Instant::now();
    let status = machine.converge(&contents, &steps).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(cause(&status), Some(Cause::TimedOut));

    let process = std::fs::read_to_string(child).expect("a process id");
    let state = format!("/proc/{}/stat", process.trim());
    let is_gone = || match std::fs::read_to_string(&state) {
        // A killed process that nobody has waited for yet.
        Ok(text) => text.contains(") Z "),
        Err(_) => true,
    };
    while !is_gone() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the child still runs"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_a_failure_with_its_name() {
    let (machine, contents) = (Machine::new(), contents(vec![]));
    let status = machine
        .converge(&contents, &[step!("nex-absent-program", &[])])
        .await;
    let Outcome::Failed { reason, .. } = &status.steps.as_slice()[0].outcome else {
        panic!("{status:?}");
    };
    assert!(
        reason
            .text
            .as_str()
            .starts_with("failed to start `nex-absent-program`"),
        "{}",
        reason.text
    );
}

#[tokio::test]
async fn a_damaged_journal_runs_every_step_again() {
    let (machine, contents) = (machine(), contents(vec![]));
    machine.converge(&contents, &steps()).await;
    machine.calls();
    std::fs::write(machine.root.path("/var/lib/nex/journal.json"), "{").expect("written");
    machine.converge(&contents, &steps()).await;
    assert_eq!(machine.calls().len(), 4);
}

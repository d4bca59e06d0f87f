//! What happens behind the prompt, on a real terminal.

use std::time::{Duration, Instant};

use nex_sandbox::{Fault, Rule};
use rexpect::session::{PtySession, spawn_command};

use crate::stage::{Reference, Stage};

/// The longest time until a run asks, or ends: a whole build on a busy machine.
const LIMIT_MS: u64 = 180_000;

/// A run that the operator cancels ends its waits at once; the rate limit alone would take much longer.
const CANCELLED: Duration = Duration::from_secs(20);

const QUESTION: &str = "apply this plan? [y/N] ";

/// `nex` on a pseudo terminal.
struct Terminal(PtySession);

impl Terminal {
    fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let mut command = stage.command(arguments);
        command.stdin(std::process::Stdio::inherit());
        Self(spawn_command(command, Some(LIMIT_MS)).unwrap())
    }

    /// Waits for the text, and returns what came before.
    #[track_caller]
    fn expect(&mut self, text: &str) -> String {
        self.0.exp_string(text).unwrap()
    }

    fn answer(&mut self, line: &str) {
        self.0.send_line(line).unwrap();
    }

    fn interrupt(&mut self) {
        self.0.send_control('c').unwrap();
    }

    /// The rest of the output, and the exit code.
    fn end(mut self) -> (String, i32) {
        let rest = self.0.exp_eof().unwrap();
        let status = self.0.process().wait().unwrap();
        let code = match status {
            rexpect::process::WaitStatus::Exited(_, code) => code,
            other => panic!("{other:?}\n{rest}"),
        };
        (rest, code)
    }
}

/// Whether no call changed anything but the deployment's lock.
fn has_changed_nothing(stage: &Stage) -> bool {
    let calls = stage.sandbox.calls();
    let mut changes = calls.iter().filter(|call| call.mutating);
    changes.all(|call| call.operation.ends_with("Object"))
}

#[test]
fn a_plan_is_applied_after_a_yes_and_what_comes_next_is_shown() {
    let reference = Reference::new();
    let stage = Stage::new();
    let mut terminal = Terminal::start(&stage, &["bootstrap", &reference.file()]);
    let shown = terminal.expect(QUESTION);
    assert!(
        shown.contains("AWS account 009001720821, eu-west-3"),
        "{shown}"
    );
    terminal.answer("y");
    let (rest, code) = terminal.end();
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("read back, nothing is left to do"), "{rest}");
    assert!(rest.contains("What comes next:"), "{rest}");
    stage.nex(&["plan", &reference.file(), "--check"]).expect(0);
}

#[test]
fn a_no_changes_nothing() {
    let reference = Reference::new();
    let stage = Stage::new();
    for answer in ["n", "", "yea"] {
        let mut terminal = Terminal::start(&stage, &["bootstrap", &reference.file()]);
        terminal.expect(QUESTION);
        terminal.answer(answer);
        let (rest, code) = terminal.end();
        assert_eq!(code, 0, "{rest}");
        assert!(rest.contains("nothing was changed"), "{rest}");
    }
    assert!(has_changed_nothing(&stage));
}

#[test]
fn an_environment_that_moves_while_the_operator_looks_is_left_alone() {
    let reference = Reference::new();
    let stage = Stage::new();
    let mut terminal = Terminal::start(&stage, &["bootstrap", &reference.file()]);
    terminal.expect(QUESTION);
    stage.python("boto3.client('logs').create_log_group(logGroupName='/nex/gitlab/rails')");
    stage.sandbox.reset_calls();
    terminal.answer("y");
    let (rest, code) = terminal.end();
    assert_eq!(code, 5, "{rest}");
    assert!(
        rest.contains("the environment changed while you looked at the plan"),
        "{rest}"
    );
    assert!(rest.contains("log-group /nex/gitlab/rails"), "{rest}");
    assert!(has_changed_nothing(&stage));
}

#[test]
fn a_destroy_goes_ahead_only_after_the_typed_name_and_on_what_was_shown() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let allowed = stage.nex(&["destroy", &file]).expect(5).allowances();
    let mut arguments = vec!["destroy", file.as_str()];
    arguments.extend(allowed.iter().flat_map(|name| ["--allow", name]));
    let question = "delete all of this (staging): ";

    stage.sandbox.reset_calls();
    let mut terminal = Terminal::start(&stage, &arguments);
    terminal.expect(question);
    terminal.answer("production");
    let (rest, code) = terminal.end();
    assert_eq!(code, 5, "{rest}");
    assert!(rest.contains("nothing was deleted"), "{rest}");
    assert!(has_changed_nothing(&stage));

    // A bucket that was empty when the plan was shown, and is not any more, was not named.
    let mut terminal = Terminal::start(&stage, &arguments);
    terminal.expect(question);
    let cache = "boto3.client('s3').put_object(Bucket='nex-staging-gitlab-runner-cache', Key='job', Body=b'1')";
    stage.python(cache);
    stage.sandbox.reset_calls();
    terminal.answer("staging");
    let (rest, code) = terminal.end();
    assert_eq!(code, 5, "{rest}");
    assert!(rest.contains("nex-staging-gitlab-runner-cache"), "{rest}");
    assert!(has_changed_nothing(&stage));

    stage.python(
        "boto3.client('s3').delete_object(Bucket='nex-staging-gitlab-runner-cache', Key='job')",
    );
    let mut terminal = Terminal::start(&stage, &arguments);
    terminal.expect(question);
    terminal.answer("staging");
    let (rest, code) = terminal.end();
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("nothing is left to do"), "{rest}");
}

#[test]
fn ctrl_c_ends_a_wait_and_the_next_run_goes_on() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let rule = Rule::new(Fault::Throttle).operation("BatchRecords");
    stage.sandbox.add_rule(rule);
    let mut terminal = Terminal::start(&stage, &["bootstrap", &file, "--yes"]);
    terminal.expect("the next try in");
    let started = Instant::now();
    terminal.interrupt();
    let (rest, code) = terminal.end();
    assert!(started.elapsed() < CANCELLED, "{rest}");
    assert_eq!(code, 4, "{rest}");
    assert!(rest.contains("stopping:"), "{rest}");
    assert!(rest.contains("instance nex-staging-gitlab"), "{rest}");
    let tries = stage.sandbox.calls();
    let tries = tries.iter().filter(|call| call.operation == "BatchRecords");
    assert!(
        tries.count() <= 2,
        "the wait was not the last thing that ran"
    );
    stage.sandbox.clear_rules();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_second_ctrl_c_ends_the_run_at_once() {
    let reference = Reference::new();
    let stage = Stage::new();
    // Calls that are under way take longer than the test allows.
    let rule = Rule::new(Fault::Delay { ms: 60_000 });
    stage
        .sandbox
        .add_rule(rule.operation("CreateSecurityGroup"));
    let mut terminal = Terminal::start(&stage, &["bootstrap", &reference.file(), "--yes"]);
    // Such a duration is that of a running step.
    terminal
        .0
        .exp_regex(r"create  security-group nex-staging-gitlab \(\d+s\)")
        .unwrap();
    let started = Instant::now();
    terminal.interrupt();
    terminal.expect("press Ctrl-C again to quit at once");
    terminal.interrupt();
    let (rest, code) = terminal.end();
    assert_eq!(code, 130, "{rest}");
    assert!(started.elapsed() < CANCELLED, "{rest}");
}

#[test]
fn with_json_the_operator_sees_the_plan_before_the_question() {
    let reference = Reference::new();
    let stage = Stage::new();
    let mut terminal = Terminal::start(&stage, &["bootstrap", &reference.file(), "--json"]);
    let shown = terminal.expect(QUESTION);
    assert!(
        shown.contains("create  instance nex-staging-gitlab"),
        "{shown}"
    );
    terminal.answer("n");
    let (rest, code) = terminal.end();
    assert_eq!(code, 0, "{rest}");
    assert!(
        rest.contains("\"actions\""),
        "nothing is done, so stdout has the plan: {rest}"
    );
    assert!(has_changed_nothing(&stage));
}

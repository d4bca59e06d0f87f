//! The report of an apply.

use std::time::Duration;

use nex_plan::{Action, ApplyReport, CancelToken, Done, NoProgress, PlanEntry, SkipReason, Timing};

use crate::toy::{plan, toy};

#[test]
fn parts_add_up_and_only_what_is_left_remains() {
    let whole = plan([toy("a", Action::Create), toy("b", Action::Create)]);
    let (first, second) = (
        plan([toy("a", Action::Create)]),
        plan([toy("b", Action::Create)]),
    );
    let mut report = ApplyReport::of(&whole);
    assert_eq!(report.remaining.entries.len(), 2);

    let mut done = ApplyReport::of(&first);
    done.remaining.entries.clear();
    done.timing = Timing::alone(Duration::from_secs(2));
    done.done.push(Done {
        id: toy("a", Action::Create).id(),
        action: Action::Create,
        elapsed: Duration::from_secs(2),
    });
    report.absorb(&first, done);
    assert_eq!(report.remaining, second.view());

    report.skip(&second, &SkipReason::Stopped, &NoProgress);
    assert!(report.stopped && !report.is_complete());
    assert_eq!(
        report.skipped[0].reason.to_string(),
        "the run was cancelled first"
    );
    assert_eq!(report.timing.wall, Duration::from_secs(2));
}

#[test]
fn a_wait_for_a_token_ends_when_it_is_cancelled() {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    let token = CancelToken::default();
    let mut wait = pin!(token.cancelled());
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
    token.clone().cancel();
    assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(()));
}

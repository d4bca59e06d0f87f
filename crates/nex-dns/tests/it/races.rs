//! Certificates through crashes and races: no live certificate is ever unknown.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::task::noop_waker;
use nex_dns::Goal;
use nex_dns::spec::Certificate;
use proptest::prelude::*;

use crate::certificates::{NOTHING, converge, fake, none_is_unknown, run, secret, wanted};
use crate::fake::{Fake, Fault};
use crate::zones::NO_SERVER;

/// Polls once; `None` if the future waits, or if the program has crashed in it.
fn poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let waker = noop_waker();
    match future.as_mut().poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn crash(is_before: bool) -> Fault {
    if is_before {
        Fault::CrashBefore
    } else {
        Fault::CrashAfter
    }
}

/// Revokes what is unused; one certificate is left.
fn only_one_is_left(fake: &Fake, wanted: &Certificate) {
    let report = converge(fake, wanted, &Goal::Revoke).now_or_never();
    let report = report.expect("no wait").expect("a report");
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(fake.state().certificates.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Crashes at any write of several runs, some after a change of the spec; then one run to its end.
    #[test]
    fn a_crash_never_leaves_a_certificate_that_nobody_knows(
        crashes in prop::collection::vec((0usize..4, any::<bool>(), any::<bool>()), 1..5),
    ) {
        let fake = fake();
        let specs = [wanted(&["example.com"]), wanted(&["*.example.com", "example.com"])];
        let changes = crashes.iter().any(|(_, _, other)| *other);
        for (at_write, is_before, other) in crashes {
            fake.state().fault = Some((at_write, crash(is_before)));
            let _ = converge(&fake, &specs[usize::from(other)], &NO_SERVER).now_or_never();
            none_is_unknown(&fake);
        }
        fake.state().fault = None;
        run(&fake, &specs[0]);
        none_is_unknown(&fake);
        let issued = secret(&fake).issued.expect("stored");
        assert!(fake.state().certificates.iter().any(|one| one.id == issued.id));
        if !changes {
            prop_assert_eq!(fake.state().issued, 1, "never a second one for the same spec");
        }
        prop_assert_eq!(run(&fake, &specs[0]), NOTHING);
        only_one_is_left(&fake, &specs[0]);
    }

    /// Two runs at once, interleaved in any order, one of which may crash.
    #[test]
    fn two_runs_at_once_never_leave_a_certificate_that_nobody_knows(
        turns in prop::collection::vec(any::<bool>(), 0..40),
        crashes in prop::option::of((0usize..5, any::<bool>())),
    ) {
        let fake = fake();
        let wanted = wanted(&["example.com"]);
        fake.state().gives_way = true;
        fake.state().fault = crashes.map(|(at, is_before)| (at, crash(is_before)));
        {
            let mut one = pin!(converge(&fake, &wanted, &NO_SERVER));
            let mut other = pin!(converge(&fake, &wanted, &NO_SERVER));
            let mut ended = [false, false];
            for second in turns.into_iter().chain([false; 20]).chain([true; 20]) {
                if !std::mem::replace(&mut ended[usize::from(second)], true) {
                    let output = if second { poll(other.as_mut()) } else { poll(one.as_mut()) };
                    ended[usize::from(second)] = output.is_some();
                }
                none_is_unknown(&fake);
            }
        }
        fake.state().gives_way = false;
        fake.state().fault = None;
        run(&fake, &wanted);
        prop_assert_eq!(run(&fake, &wanted), NOTHING);
        only_one_is_left(&fake, &wanted);
    }
}

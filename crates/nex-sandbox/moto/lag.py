"""The lag: how long AWS takes to show a change everywhere, and the changes that take effect after it."""

import time
import traceback

# The gateway sends the lag with each call. With 0, every change is visible and complete at once.
SECONDS = 0.0
# When each later change is due, and the change.
_LATER = []


def set_seconds(seconds):
    """Without a lag, all later changes are due now."""
    global SECONDS
    SECONDS = seconds
    if not seconds:
        run(float("inf"))


def is_young(moment, times=1):
    """Whether a moment, from `time.monotonic`, is less than the lag ago. Seeded things have no moment."""
    return moment is not None and time.monotonic() < moment + times * SECONDS


def later(change, times=1):
    """Makes a change after the lag, which is now if there is none."""
    if SECONDS:
        _LATER.append((time.monotonic() + times * SECONDS, change))
    else:
        change()


def is_due(now):
    return any(due <= now for due, _ in _LATER)


def run(now):
    """Makes the changes that are due, in their order. A change can add other changes."""
    while is_due(now):
        first = min(_LATER, key=lambda one: one[0])
        _LATER.remove(first)
        try:
            first[1]()
        except Exception:
            # The call that wanted the change has its answer, so nobody else could be told.
            traceback.print_exc()

"""Whoever waits looks often at first, and never much too late."""

from __future__ import annotations

from itertools import accumulate, islice

from domain.pace import pauses


def test_the_end_of_something_is_seen_at_most_a_tenth_too_late_and_a_second() -> None:
    looks = [0.0, *accumulate(islice(pauses(0.25), 200))]
    for end in (0.1, 1.0, 3.0, 9.0, 40.0, 120.0):
        late = next(look for look in looks if look >= end) - end
        assert late <= min(max(0.25, end / 10), 1.0)


def test_somebody_who_is_to_look_seldom_may() -> None:
    assert max(islice(pauses(0.4, 2.0), 100)) == 2.0
    assert next(pauses(0.4, 2.0)) == 0.4

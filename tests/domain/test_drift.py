"""What is there against what was seen before: a service that was removed, and one that was put back."""

from __future__ import annotations

from domain.deployment import ServiceState
from domain.drift import REMOVED, Seen, compared, drifted, seen_of
from tests.domain.builders import state


def at(number: int, *drift: str) -> ServiceState:
    return state(number=number).model_copy(update={"drift": drift, "commit": f"{number:040x}"})


def test_a_newer_release_is_no_drift_and_is_remembered() -> None:
    seen = seen_of([at(7)], Seen())
    states = compared(seen, [at(8)])
    assert drifted(states) == ()
    assert [each.number for each in seen_of(states, seen).services.values()] == [8]


def test_one_that_is_put_back_is_drift_until_a_newer_release_comes() -> None:
    seen = seen_of([at(8)], Seen())
    for _ in range(2):  # however often it is looked at
        (found,) = states = compared(seen, [at(7)])
        assert found.drift == ("put back to #7 from #8",)
        assert found.number == 7
        seen = seen_of(states, seen)
    (removed,) = compared(seen, [])
    assert (removed.number, removed.commit) == (8, at(8).commit), "what was released is remembered whole"
    assert drifted(compared(seen, [at(8)])) == ()
    assert drifted(compared(seen, [at(9)])) == ()


def test_what_else_was_changed_is_said_too() -> None:
    (found,) = compared(seen_of([at(8)], Seen()), [at(7, "image changed")])
    assert found.drift == ("put back to #7 from #8", "image changed")


def test_one_that_was_removed_and_came_back_older_is_put_back() -> None:
    seen = seen_of([at(8)], Seen())
    (gone,) = states = compared(seen, [])
    assert gone.drift == (REMOVED,)
    seen = seen_of(states, seen)
    assert [each.drift for each in compared(seen, [at(7)])] == [("put back to #7 from #8",)]

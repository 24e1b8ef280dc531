"""Never more runs of a job at once than it may have, and nobody is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.batch import RunKey
from domain.batch_queue import Answer, AskForPlace, BatchQueue, NewLimit
from domain.batch_rules import Overlap
from domain.environment import Environment
from domain.identity import ServiceId

REPORT = ServiceId(application="shop", role="report")


def _key(name: object) -> RunKey:
    return RunKey(workflow=f"run:ci-shop-report:{name}", run=f"{name}")


def _ask(name: object, limit: int = 1, overlap: Overlap = Overlap.BUFFER_ALL, number: int = 1) -> AskForPlace:
    return AskForPlace(
        environment=Environment.CI, service=REPORT, key=_key(name), number=number, limit=limit, overlap=overlap
    )


def _queue(*asked: AskForPlace) -> BatchQueue:
    queue = BatchQueue(environment=Environment.CI, service=REPORT)
    for ask in asked:
        queue, _ = queue.asked(ask)
    return queue


def _begun(queue: BatchQueue) -> list[str]:
    return [key.run for key in queue.going]


def test_one_begins_and_the_next_one_waits_for_its_end() -> None:
    queue, answers = _queue(_ask("a")).asked(_ask("b"))
    assert (_begun(queue), answers) == (["a"], [])

    queue, answers = queue.left([_key("a")])

    assert _begun(queue) == ["b"]
    assert [(answer.key, answer.place.free) for answer in answers] == [(_key("b"), True)]


def test_those_who_wait_begin_in_the_order_in_which_they_came() -> None:
    queue = _queue(*(_ask(name, limit=2) for name in "abcde"))
    queue, _ = queue.left([_key("b"), _key("a")])

    assert _begun(queue) == ["c", "d"]


def test_a_skipping_run_is_turned_away_with_who_is_going() -> None:
    queue, (answer,) = _queue(_ask("a")).asked(_ask("b", overlap=Overlap.SKIP))

    assert not answer.place.free
    assert answer.place.reason == "1 of 1 run is going: run:ci-shop-report:a"
    assert queue.known == [_key("a")]


def test_of_those_that_buffer_one_the_second_is_turned_away() -> None:
    queue = _queue(_ask("a"), _ask("on demand"), _ask("b", overlap=Overlap.BUFFER_ONE))
    queue, (answer,) = queue.asked(_ask("c", overlap=Overlap.BUFFER_ONE))

    assert not answer.place.free
    assert queue.known == [_key("a"), _key("on demand"), _key("b")]


def test_who_asks_twice_gets_the_same_answer_and_one_place() -> None:
    queue, (answer,) = _queue(_ask("a", limit=2)).asked(_ask("a", limit=2))

    assert answer.place.free
    assert queue.known == [_key("a")]


def test_a_smaller_limit_of_a_newer_release_ends_nothing_and_begins_nothing() -> None:
    queue = _queue(*(_ask(name, limit=3) for name in "abc"), _ask("d", limit=1, number=2))
    queue, _ = queue.left([_key("a"), _key("b")])
    assert _begun(queue) == ["c"]

    queue, _ = queue.left([_key("c")])
    assert _begun(queue) == ["d"]


@pytest.mark.parametrize(("limit", "next_ones"), [(1, []), (2, ["d"]), (4, ["d", "e"])])
def test_those_who_wait_already_are_held_to_the_limit_of_a_release_that_comes(limit: int, next_ones: list[str]) -> None:
    queue = _queue(*(_ask(name, limit=3) for name in "abcde"))

    queue, at_once = queue.limited(NewLimit(number=2, limit=limit))
    queue, later = queue.left([_key("a"), _key("b")])

    assert _begun(queue) == ["c", *next_ones]
    assert [each.key for each in (*at_once, *later)] == [_key(name) for name in next_ones]
    assert queue.limited(NewLimit(number=1, limit=9)) == (queue, []), "an older release's word, late"


def test_what_an_older_release_said_of_the_limit_counts_no_more() -> None:
    queue = _queue(_ask("a", limit=1, number=5), _ask("b", limit=9, number=4))

    assert _begun(queue) == ["a"]


def test_what_was_going_before_the_queue_takes_its_places() -> None:
    queue, _ = BatchQueue(environment=Environment.CI, service=REPORT).informed_of([_key("old")])
    queue, answers = queue.asked(_ask("new"))

    assert (_begun(queue), answers) == (["old"], [])


class Runs(RuleBasedStateMachine):
    """Runs that come, are told twice, and go, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = _queue()
        self.count = 0
        self.answered: dict[RunKey, bool] = {}
        self.gone: set[RunKey] = set()

    @rule(limit=st.just(3), overlap=st.sampled_from(Overlap))
    def ask(self, limit: int, overlap: Overlap) -> None:
        self.count += 1
        self._apply(*self.queue.asked(_ask(self.count, limit, overlap)))

    @rule(again=st.integers(1, 30))
    def ask_again(self, again: int) -> None:
        if again <= self.count and _key(again) in self.queue.known:
            self._apply(*self.queue.asked(_ask(again, 3)))

    @rule(one=st.integers(1, 30))
    def leave(self, one: int) -> None:
        self.gone.add(_key(one))
        self._apply(*self.queue.left([_key(one)]))

    def _apply(self, queue: BatchQueue, answers: list[Answer]) -> None:
        self.queue = queue
        for answer in answers:
            self.answered[answer.key] = answer.place.free

    @invariant()
    def never_more_than_allowed(self) -> None:
        assert len(self.queue.going) <= 3

    @invariant()
    def nobody_waits_beside_a_free_place(self) -> None:
        assert not self.queue.waiting or len(self.queue.going) == 3

    @invariant()
    def everybody_has_an_answer_or_waits(self) -> None:
        waiting = {ask.key for ask in self.queue.waiting}
        for one in range(1, self.count + 1):
            assert _key(one) in self.answered or _key(one) in waiting or _key(one) in self.gone

    @invariant()
    def whoever_is_going_was_told(self) -> None:
        assert all(self.answered[key] for key in self.queue.going)


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=60, stateful_step_count=40)

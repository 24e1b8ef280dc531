"""What follows from what is asked for and what is there: only ever forward."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deployment import Action, UpdateState, decide, is_whole, settled
from domain.environment import Scale
from domain.errors import DeployHalted, Superseded
from tests.domain.builders import deployment, state, task

OTHER = "sha256:" + "2" * 64


@given(st.one_of(st.none(), st.integers(1, 9)), st.integers(1, 9))
def test_a_number_never_goes_back(current: int | None, wanted: int) -> None:
    if current is not None and current > wanted:
        with pytest.raises(Superseded):
            decide(current, deployment(wanted))
    else:
        expected = {None: Action.CREATE, wanted: Action.NOTHING}.get(current, Action.UPDATE)
        assert decide(current, deployment(wanted)) is expected


def test_a_deploy_has_arrived_when_every_replica_runs_the_digest() -> None:
    assert settled(state(task(), task(), replicas=2), deployment())
    assert settled(state(task(), update=UpdateState.COMPLETED), deployment())


@pytest.mark.parametrize(
    "there",
    [
        state(),
        state(task(), replicas=2),
        state(task(running=False, state="starting")),
        state(task(), update=UpdateState.UPDATING),
        state(task(), task(number=1), replicas=1, update=UpdateState.UPDATING),
        state(task(digest=OTHER)),
        state(task(running=False, state="failed"), task(running=False, state="failed")),
        state(replicas=0),
    ],
)
def test_it_goes_on_waiting_while_it_may_still_arrive(there: object) -> None:
    assert not settled(there, deployment())  # type: ignore[arg-type]


def test_a_paused_update_has_halted_and_says_why_and_who_still_serves() -> None:
    bad = task(running=False, state="failed").model_copy(update={"error": "exit code 1"})
    there = state(task(number=1), bad, update=UpdateState.PAUSED)

    with pytest.raises(DeployHalted, match=r"paused: failed: exit code 1 \(1 of 1 replicas serve\)"):
        settled(there, deployment())
    assert (there.state, there.served.number) == ("halted", 1)


def test_a_first_deploy_whose_tasks_keep_failing_has_halted() -> None:
    with pytest.raises(DeployHalted, match="3 new tasks failed"):
        settled(state(*[task(running=False, state="failed")] * 3), deployment())


def test_failures_of_an_earlier_release_do_not_count() -> None:
    old = [task(number=1, running=False, state="failed")] * 5
    assert settled(state(task(), *old), deployment())


def test_a_newer_release_takes_the_place_of_one_that_still_waits() -> None:
    with pytest.raises(Superseded, match="already runs release #3, newer than #2"):
        settled(state(task(number=3), number=3), deployment(2))


def test_an_old_task_that_still_runs_means_not_whole() -> None:
    assert not is_whole(state(task(), task(number=1), replicas=1), deployment())


@given(st.integers(1, 5), st.integers(0, 5), st.one_of(st.none(), st.integers(0, 20)))
def test_replicas_are_kept_inside_the_limits(low: int, more: int, running: int | None) -> None:
    replicas = Scale(min=low, max=low + more).clamp(running)

    assert low <= replicas <= low + more
    if running is None:
        assert replicas == low
    elif low <= running <= low + more:
        assert replicas == running

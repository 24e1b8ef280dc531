"""How services of one task come to an end, in a swarm that does not always do what it was told."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

from domain.errors import Conflict
from engines.swarm_api import SwarmServices
from engines.swarm_ending import AGAIN, PATIENCE, rest_services

Json = dict[str, Any]


class ForgetfulSwarm:
    """One service with one task, which ends only once swarm has been told so many times. Time passes in sleep."""

    def __init__(self, told: int, replicas: int = 1) -> None:
        self.service: Json = {"ID": "s1", "Spec": {"Name": "job", "Mode": {"Replicated": {"Replicas": replicas}}}}
        self.written: list[int] = []
        self.slept = 0.0
        self._told = told

    def rest(self) -> None:
        rest_services(cast(SwarmServices, self), self._find, self._sleep, lambda: self.slept)

    def tasks(self, services: list[Json]) -> dict[str, list[Json]]:
        return {each["ID"]: [] if len(self.written) >= self._told else [{"ID": "t1"}] for each in services}

    def update(self, service: Json, spec: Json) -> None:
        self.written.append(spec["Mode"]["Replicated"]["Replicas"])
        self.service["Spec"] = spec

    def _find(self) -> list[Json]:
        return [copy.deepcopy(self.service)]

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_a_task_that_ends_is_asked_to_once() -> None:
    swarm = ForgetfulSwarm(told=1)

    swarm.rest()

    assert swarm.written == [0]
    assert swarm.slept < 1


def test_a_swarm_that_forgot_to_end_a_task_is_asked_again() -> None:
    swarm = ForgetfulSwarm(told=3)

    swarm.rest()

    assert swarm.written == [0, 0, 0]
    assert 2 * AGAIN < swarm.slept < 3 * AGAIN


def test_what_was_put_to_rest_by_somebody_else_is_waited_for_first() -> None:
    swarm = ForgetfulSwarm(told=1, replicas=0)

    swarm.rest()

    assert swarm.written == [0]
    assert AGAIN < swarm.slept < 2 * AGAIN


def test_what_has_ended_is_not_written() -> None:
    swarm = ForgetfulSwarm(told=0, replicas=0)

    swarm.rest()

    assert (swarm.written, swarm.slept) == ([], 0)


def test_a_task_that_does_not_end_is_told_after_a_minute() -> None:
    swarm = ForgetfulSwarm(told=100)

    with pytest.raises(Conflict, match="its container is still there: job\n  next: docker service ps job"):
        swarm.rest()

    assert PATIENCE < swarm.slept < PATIENCE + 1

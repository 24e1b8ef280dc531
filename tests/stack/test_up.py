"""``up`` on real servers: idempotent, side by side, refusing taken ports."""

from __future__ import annotations

import os
import signal
import socket
from urllib.request import urlopen

import pytest

from domain.errors import InvalidInput
from settings import StackSettings
from stack.parts import Condition
from stack.places import StateDirectory
from stack.processes import is_alive
from stack.supervision import Supervisor
from tests.stack.conftest import SERVERS, NewStack, started

pytestmark = pytest.mark.server

ONE = ("registry",)


def pids(settings: StackSettings) -> dict[str, int]:
    """The process of each part."""
    return {name: info["pid"] for name, info in Supervisor(StateDirectory(settings)).processes().items()}


def answers(settings: StackSettings) -> bool:
    """Whether the registry answers."""
    with urlopen(f"http://127.0.0.1:{settings.registry_port}/v2/", timeout=5) as response:
        return bool(response.status == 200)


def test_two_stacks_run_side_by_side(new_stack: NewStack) -> None:
    first, second = new_stack(), new_stack()
    rows = [started(first), started(second)]
    assert all(row[name].state is Condition.STARTED for row in rows for name in SERVERS)
    assert not set(pids(first).values()) & set(pids(second).values())
    assert answers(first)
    assert answers(second)


def test_a_second_up_finds_everything_there(new_stack: NewStack) -> None:
    settings = new_stack()
    started(settings)
    before = pids(settings)
    again = started(settings)
    assert {again[name].state for name in SERVERS} == {Condition.RUNNING}
    assert pids(settings) == before


def test_what_a_killed_supervisor_left_is_ended_before_the_next_start(new_stack: NewStack) -> None:
    settings = new_stack()
    started(settings, ONE)
    orphan = pids(settings)["registry"]
    os.kill(int(StateDirectory(settings).supervisor_pid.read_text()), signal.SIGKILL)
    assert started(settings, ONE)["registry"].state is Condition.STARTED
    assert not is_alive(orphan)


def test_a_changed_port_restarts_only_its_part(new_stack: NewStack) -> None:
    settings, other = new_stack(), new_stack()
    started(settings, ("registry", "prometheus"))
    before = pids(settings)
    moved = settings.model_copy(update={"registry_port": other.registry_port})
    rows = started(moved, ("registry", "prometheus"))
    assert rows["registry"].state is Condition.STARTED
    assert rows["prometheus"].state is Condition.RUNNING
    assert pids(moved)["prometheus"] == before["prometheus"]
    assert answers(moved)


def test_a_taken_port_is_named_with_its_setting_and_nothing_is_started(new_stack: NewStack) -> None:
    settings = new_stack()
    with socket.create_server(("127.0.0.1", settings.prometheus_port)), pytest.raises(InvalidInput) as refused:
        started(settings)
    assert f"port {settings.prometheus_port} for Prometheus is taken: set ONWARD_PROMETHEUS_PORT" in str(refused.value)
    assert pids(settings) == {}


def test_a_state_directory_with_too_long_a_path_is_refused(new_stack: NewStack) -> None:
    settings = new_stack()
    deep = settings.model_copy(update={"state_directory": settings.state_directory / ("d" * 80)})
    with pytest.raises(InvalidInput, match="ONWARD_STATE_DIRECTORY"):
        started(deep, ONE)

"""A Docker Engine of our own: started when none answers, made a swarm, stopped by its pid."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import Unreachable
from settings import StackSettings
from stack.engine import ensure_engine, ensure_swarm, stop_engine
from stack.places import Machine
from tests.stack.conftest import ENGINE, quiet

pytestmark = pytest.mark.server


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an engine")
def test_an_engine_is_started_where_none_answers_and_only_that_one_is_stopped(scratch: Path) -> None:
    machine, host = Machine(StackSettings(machine_directory=scratch / "machine")), f"unix://{scratch}/docker.sock"
    options = [f"--data-root={scratch}/data", f"--exec-root={scratch}/exec", "--bridge=none", "--iptables=false"]
    said: list[str] = []
    try:
        with closing(ensure_engine(host, machine, said.append, options)) as client:
            ensure_swarm(client, said.append, listen="127.0.0.1:12377")
            swarm = client.info()["Swarm"]
            assert (swarm["LocalNodeState"], swarm["NodeAddr"]) == ("active", "127.0.0.1")
            ensure_swarm(client, said.append)
        with closing(ensure_engine(host, machine, said.append, options)):
            assert len(said) == 2, "started once, made a swarm once"
    finally:
        stopped = stop_engine(machine, quiet)
    assert stopped
    assert not stop_engine(machine, quiet)
    with closing(ensure_engine(ENGINE, machine, quiet)) as shared:
        assert shared.ping(), "the machine's own engine was not touched"


def test_an_engine_elsewhere_is_not_started_but_named(scratch: Path) -> None:
    with pytest.raises(Unreachable, match="only an engine of this machine"):
        ensure_engine("tcp://127.0.0.1:1", Machine(StackSettings(machine_directory=scratch)), quiet)

"""A Docker Engine of our own: started when none answers, made a swarm, stopped by its pid."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from docker import DockerClient

from domain.errors import Unreachable
from settings import StackSettings
from stack.engine import ensure_engine
from stack.places import Machine
from tests.stack.conftest import quiet

pytestmark = pytest.mark.server


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an engine")
def test_an_engine_is_started_where_none_answers_and_only_that_one_is_stopped(
    scratch: Path, engine: DockerClient
) -> None:
    words = ["unshare", "--net", sys.executable, "-m", "tests.stack.engine_alone", str(scratch)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"starting the Docker Engine; its log is {scratch}/machine/dockerd.log",
        "making the Docker Engine a swarm of one",
        "stopping the Docker Engine that Onward started",
    ]
    assert engine.ping(), "the machine's own engine was not touched"


def test_an_engine_elsewhere_is_not_started_but_named(scratch: Path) -> None:
    with pytest.raises(Unreachable, match="only an engine of this machine"):
        ensure_engine("tcp://127.0.0.1:1", Machine(StackSettings(machine_directory=scratch)), quiet)

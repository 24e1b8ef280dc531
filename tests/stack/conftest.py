"""Stacks of their own: short state directories, free ports, a machine directory that nobody shares."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from engines.docker_api import connect
from settings import StackSettings
from stack.down import down
from stack.free_ports import on_free_ports
from stack.parts import PartState
from stack.up import up

ENGINE = "unix:///var/run/docker.sock"
SERVERS = ("temporal", "s3", "queues", "registry", "prometheus")

NewStack = Callable[[], StackSettings]


def quiet(_: str) -> None:
    """Nobody listens."""


def started(settings: StackSettings, only: tuple[str, ...] = SERVERS) -> dict[str, PartState]:
    """The rows of one ``up``, by the part's name."""
    return {row.name: row for row in up(settings, quiet, only)}


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Not pytest's: its paths are too long for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="onward-stack-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new_stack(scratch: Path) -> Iterator[NewStack]:
    """Settings for as many stacks as a test wants; all are purged afterwards."""
    made: list[StackSettings] = []

    def make() -> StackSettings:
        settings = on_free_ports(scratch / f"s{len(made)}")
        made.append(settings.model_copy(update={"machine_directory": scratch / "machine"}))
        return made[-1]

    yield make
    for settings in made:
        down(settings, True, quiet)


@pytest.fixture
def engine() -> Iterator[DockerClient]:
    """The Docker Engine of this machine."""
    client = connect(ENGINE)
    yield client
    client.close()

"""Stacks of their own: short state directories, free ports, a machine directory that nobody shares."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docker import DockerClient

from engines.docker_api import connect
from engines.health import nanoseconds
from engines.labels import Label
from engines.swarm_api import SwarmServices
from settings import StackSettings
from stack.base_image import PYTHON_IMAGE
from stack.down import down
from stack.free_ports import on_free_ports
from stack.parts import PartState
from stack.services import DeployedServices
from stack.up import up
from tests.free_ports import own_ports

ENGINE = "unix:///var/run/docker.sock"
SERVERS = ("temporal", "s3", "queues", "registry", "prometheus")

NewStack = Callable[[], StackSettings]

#: The name of a stack, and of its service.
Deployed = tuple[str, str]


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
        settings = on_free_ports(scratch / f"s{len(made)}", own_ports())
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


@pytest.fixture
def deployed(engine: DockerClient) -> Iterator[Deployed]:
    """A service and a network that carry the label of a stack that nobody else has: stack, service."""
    stack, name = uuid4().hex[:8], f"ci-t{uuid4().hex[:8]}-web"
    engine.networks.create(name, driver="overlay", attachable=True, labels={Label.STACK: stack})
    deploy(engine, stack, name)
    yield stack, name
    DeployedServices(engine, stack).remove(print)


def deploy(engine: DockerClient, stack: str, name: str) -> None:
    """Make a stack's service of two replicas, on the network of its name."""
    SwarmServices(engine).create(
        {
            "Name": name,
            "Labels": {Label.STACK: stack},
            "Mode": {"Replicated": {"Replicas": 2}},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": PYTHON_IMAGE,
                    "Labels": {Label.STACK: stack},
                    "Command": ["python3", "-c", "import time; time.sleep(600)"],  # deaf to SIGTERM
                    "StopGracePeriod": nanoseconds(2),
                },
                "Networks": [{"Target": name}],
            },
            "UpdateConfig": {"Parallelism": 1},
            "EndpointSpec": {"Mode": "dnsrr"},
        }
    )

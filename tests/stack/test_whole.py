"""The whole stack at once: its table, how clients find it, and every part back after a SIGKILL."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty, edge_name
from settings import StackSettings
from stack import edges
from stack.down import down
from stack.engine import bridge_gateway
from stack.environment import client_environment
from stack.free_ports import on_free_ports
from stack.parts import Condition
from stack.places import StateDirectory
from stack.prometheus import prometheus_url
from stack.queues import sqs_endpoint
from stack.servers import registry_host, s3_endpoint, temporal_ui_url, worker_metrics_port
from stack.supervision import Supervisor
from tests.e2e.commandline import CommandLine
from tests.engines.conftest import wait_for
from tests.free_ports import own_ports
from tests.stack.conftest import SERVERS, quiet, started

pytestmark = pytest.mark.server

SUPERVISED = (*SERVERS, *(f"worker-{duty}" for duty in Duty))
WHOLE = (*SUPERVISED, *map(edges.edge_part, ENVIRONMENTS))


@pytest.fixture(scope="module")
def whole() -> Iterator[StackSettings]:
    """One stack with all of its parts, for all tests of this file."""
    folder = Path(tempfile.mkdtemp(prefix="onward-stack-"))
    settings = on_free_ports(folder / "s", own_ports()).model_copy(update={"machine_directory": folder / "machine"})
    assert client_environment(settings) == {}
    try:
        rows = started(settings, WHOLE)
        assert {name for name, row in rows.items() if row.state is Condition.STARTED} == set(SUPERVISED)
        yield settings
    finally:
        down(settings, True, quiet)
        shutil.rmtree(folder)


def test_clients_find_it(whole: StackSettings) -> None:
    assert client_environment(whole)["TEMPORAL_ADDRESS"] == f"127.0.0.1:{whole.temporal_port}"


def test_the_table_shows_each_part_with_its_state_and_where_it_is(whole: StackSettings, engine: DockerClient) -> None:
    said = CommandLine(whole.environment()).run("up")
    assert said.exit_code == 0, str(said)
    header, *lines = (line.split() for line in said.stdout.splitlines() if line.strip())
    assert header == ["part", "state", "address"]
    assert {" ".join(line[: line.index("running")]): line[line.index("running") + 1 :] for line in lines} == {
        "Docker Engine": [whole.docker_host, "swarm"],
        "Temporal": [temporal_ui_url(whole)],
        "S3 (SeaweedFS)": [s3_endpoint(whole, bridge_gateway(engine))],
        "queues (ministack)": [sqs_endpoint(whole, bridge_gateway(engine))],
        "image registry": [registry_host(whole)],
        "Prometheus": [prometheus_url(whole)],
        **{f"worker: {duty}": [f"http://127.0.0.1:{worker_metrics_port(whole, duty)}/metrics"] for duty in Duty},
        **{f"edge proxy: {each}": [f"http://127.0.0.1:{whole.edge_port(each)}"] for each in ENVIRONMENTS},
    }


@pytest.mark.parametrize("part", SUPERVISED)
def test_a_part_that_dies_is_restarted_and_answers_again(whole: StackSettings, part: str) -> None:
    supervisor = Supervisor(StateDirectory(whole))
    killed = supervisor.pid(part)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: supervisor.processes()[part]["pid"] not in (killed, 0))
    rows = started(whole, WHOLE)
    assert rows[part].state is Condition.RUNNING, "it was there before it was asked for"


def test_an_edge_that_dies_is_restarted_and_answers_again(whole: StackSettings, engine: DockerClient) -> None:
    name = edge_name(whole.name, Environment.CI)

    def running() -> set[str]:
        found = engine.api.containers(filters={"label": f"com.docker.swarm.service.name={name}"})
        return {str(each["Id"]) for each in found}

    (killed,) = running()
    engine.api.kill(killed)
    wait_for(lambda: running() - {killed})
    edges.until_edge_answers(whole, Environment.CI)

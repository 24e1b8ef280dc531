"""What an environment needs, on a whole local stack."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
import requests
from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import edge_name
from engines.prometheus_targets import file_name
from settings import StackSettings
from stack.edges import until_edge_answers
from stack.places import StateDirectory
from stack.prometheus import prometheus_url, rules_directory
from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import until

pytestmark = pytest.mark.without_suites


@pytest.fixture(autouse=True)
def whole(onward: CommandLine) -> Iterator[None]:
    """The environments are whole before a case, and after one that failed.

    The applications of earlier tests are published still, and their networks are gone.
    """
    _make_whole(onward)
    yield
    _make_whole(onward)


def test_a_network_that_is_missing_is_seen_and_made_once(application: Application, onward: CommandLine) -> None:
    application.release("catalog")
    clean = onward.json("env", "diff", "prod")
    assert clean["to_do"] == []
    assert application.name in clean["applications"]
    network = f"prod-{application.name}-data"
    subprocess.run(["docker", "network", "rm", network], check=True, capture_output=True, timeout=60)

    missing = {"kind": "network", "name": network, "state": "missing", "change": "create"}
    assert onward.json("env", "diff", "prod", exit_code=1)["to_do"] == [missing]
    assert onward.json("env", "diff", "ci")["to_do"] == []
    refused = onward.run("env", "apply", "prod", "--json")
    assert (refused.exit_code, refused.document["error"]["kind"]) == (2, "InvalidInput")

    applied = onward.json("env", "apply", "prod", "--yes")
    assert (applied["applied"], applied["to_do"]) == ([missing], [])
    assert "nothing to do" in onward.run("env", "apply", "prod", "--yes").stdout
    shown = onward.run("env", "show", "prod").stdout
    assert network in shown
    assert "OnwardRuns" in shown


def test_targets_of_prometheus_that_are_gone_are_seen_and_written_again(
    onward: CommandLine, stack_settings: StackSettings
) -> None:
    file = rules_directory(StateDirectory(stack_settings), Environment.PROD) / file_name(Environment.PROD)
    file.unlink()
    until(lambda: "edge-prod" not in _jobs(stack_settings))

    missing = {"kind": "Prometheus targets", "name": str(file), "state": "missing", "change": "create"}
    assert onward.json("env", "diff", "prod", exit_code=1)["to_do"] == [missing]
    assert onward.json("env", "diff", "ci")["to_do"] == []
    assert onward.json("env", "apply", "prod", "--yes")["applied"] == [missing]

    assert {"worker-prod", "replicas-prod", "edge-prod"} <= _jobs(stack_settings)
    assert onward.json("env", "diff", "prod")["to_do"] == []


def test_an_edge_that_is_gone_is_seen_and_made_again(
    onward: CommandLine, stack_settings: StackSettings, engine: DockerClient
) -> None:
    name = edge_name(stack_settings.name, Environment.CI)
    (edge,) = [each for each in onward.json("env", "show", "ci")["parts"] if each["kind"] == "edge"]
    assert (edge["name"], edge["state"]) == (name, "there")
    subprocess.run(["docker", "service", "rm", name], check=True, capture_output=True, timeout=60)

    missing = {"kind": "edge", "name": name, "state": "missing", "change": "create"}
    assert onward.json("env", "diff", "ci", exit_code=1)["to_do"] == [missing]
    assert onward.json("env", "diff", "prod")["to_do"] == []
    assert onward.json("env", "apply", "ci", "--yes")["applied"] == [missing]

    until_edge_answers(stack_settings, Environment.CI)
    assert onward.json("env", "diff", "ci")["to_do"] == []
    before = _version(engine, name)
    onward.json("up")
    assert _version(engine, name) == before, "up and the worker describe one edge"


def _make_whole(onward: CommandLine) -> None:
    for environment in ENVIRONMENTS:
        onward.json("env", "apply", environment, "--yes")


def _version(engine: DockerClient, service: str) -> int:
    return int(engine.api.inspect_service(service)["Version"]["Index"])  # type: ignore[no-untyped-call]


def _jobs(settings: StackSettings) -> set[str]:
    """What Prometheus asks, by the names of its jobs."""
    answer = requests.get(f"{prometheus_url(settings)}/api/v1/targets", timeout=10).json()
    return {target["labels"]["job"] for target in answer["data"]["activeTargets"]}

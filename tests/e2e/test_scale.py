"""Sizes and what is changed by hand, on a whole local stack."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from docker import DockerClient

from domain.environment import Environment
from domain.identity import Duty
from domain.keys import seen_key
from domain.workflow_ids import drift_id
from engines.swarm_api import SwarmServices
from engines.swarm_scale import tasks_wanted
from settings import StackSettings
from tests.bucket import bucket_of
from tests.e2e.application import Application
from tests.e2e.commandline import TIMEOUT, CommandLine
from tests.e2e.disturbance import killed, temporal, until

pytestmark = pytest.mark.without_suites


def _scale(onward: CommandLine, *words: str, exit_code: int = 0) -> Any:
    return onward.json("scale", *words, "--reason", "the sale begins", "--by", "ann", exit_code=exit_code)


def _asked_for(engine: DockerClient, service: str) -> int:
    """How many replicas swarm is to have up."""
    found = SwarmServices(engine).find(service)
    return tasks_wanted(found) if found else 0


def test_a_size_is_kept_over_a_deploy_and_ci_mirrors_it_for_a_while(
    application: Application, onward: CommandLine, stack_settings: StackSettings, engine: DockerClient
) -> None:
    application.release("catalog")
    refused = _scale(onward, "prod", application.name, "catalog", "5", exit_code=4)
    assert "2 to 4 replicas (scale.prod of release #1), not 5" in refused["error"]["message"]

    scaling = onward.start(
        *("scale", "prod", application.name, "catalog", "3", "--reason", "the sale begins", "--by", "ann", "--json")
    )
    until(lambda: _asked_for(engine, f"prod-{application.name}-catalog") == 3)
    killed(stack_settings, "worker-prod")
    stdout, stderr = scaling.communicate(timeout=TIMEOUT)
    assert scaling.returncode == 0, stdout + stderr
    assert application.deployed("catalog")["prod"]["healthy"] == 3
    (record,) = onward.json("scale", "prod", application.name)["records"]
    assert (record["by"], record["reason"]) == ("ann", "the sale begins")
    assert record["changes"] == [{"role": "catalog", "before": 2, "replicas": 3, "fault": ""}]

    mirror = _scale(onward, "ci", application.name, "--mirror", "prod", "--for", "1h")
    assert [(each["before"], each["replicas"], each["fault"]) for each in mirror["changes"]] == [(1, 3, "")]
    application.change("catalog/service.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning")
    application.release("catalog")
    there = application.deployed("catalog")
    assert {(row["environment"], row["number"], row["healthy"]) for row in there.values()} == {
        ("ci", 2, 3),
        ("prod", 2, 3),
    }

    _scale(onward, "ci", application.name, "--mirror", "prod", "--for", "3s")
    until(lambda: application.deployed("catalog")["ci"]["replicas"] == 1)
    (service,) = onward.json("scale", "ci", application.name)["services"]
    assert (service["replicas"], service["mirrored"]) == (1, False)


def test_what_is_changed_by_hand_is_found_and_the_next_release_puts_it_right(
    application: Application, stack_settings: StackSettings, engine: DockerClient
) -> None:
    application.release("catalog")
    names = {environment.value: f"{environment}-{application.name}-catalog" for environment in Environment}
    assert [row["drift"] for row in application.deployed("catalog").values()] == [[], []]

    _docker("service", "update", "--detach", "--env-add", "LOG_LEVEL=trace", "--replicas", "1", names["prod"])
    temporal(stack_settings, "schedule", "trigger", "--schedule-id", drift_id())
    until(lambda: names["ci"] in _seen(stack_settings, engine))
    _docker("service", "rm", names["ci"])

    there = application.deployed("catalog")
    assert (there["prod"]["state"], there["prod"]["drift"]) == (
        "drifted",
        ["variable LOG_LEVEL changed", "1 replica instead of 2"],
    )
    assert (there["ci"]["state"], there["ci"]["drift"]) == ("drifted", ["the service was removed"])

    application.change("catalog/service.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning")
    application.release("catalog")
    there = application.deployed("catalog")
    assert {(row["state"], tuple(row["drift"]), row["number"]) for row in there.values()} == {("running", (), 2)}
    assert there["prod"]["healthy"] == 2


def _seen(settings: StackSettings, engine: DockerClient) -> str:
    found = bucket_of(settings, engine, Duty.BUILD).read(seen_key(Environment.CI))
    return found.content.decode() if found else ""


def _docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, capture_output=True, timeout=60)

"""Prometheus reaches whatever it is told to ask, and has the metrics that docs/watching.md names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import requests

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty
from settings import StackSettings
from stack.prometheus import prometheus_url
from stack.servers import worker_metrics_port
from tests.e2e.application import Application, Verified
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import temporal, until

WATCHING = Path(__file__).parents[2] / "docs" / "watching.md"


def _asked(settings: StackSettings, path: str) -> Any:
    answer = requests.get(f"{prometheus_url(settings)}/api/v1/{path}", timeout=10)
    answer.raise_for_status()
    return answer.json()["data"]


def _documented() -> set[str]:
    """The metrics in the table of the page."""
    return set(re.findall(r"^\| `(\w+_\w+)` \|", WATCHING.read_text().partition("## Metrics")[2], re.MULTILINE))


def _with_a_build_that_fails(application: Application) -> None:
    dockerfile = (application.repository / "catalog" / "Dockerfile").read_text()
    application.write("catalog/Dockerfile", f'{dockerfile}\nRUN ["python3", "-c", "raise SystemExit(7)"]\n')
    application.release("catalog", exit_code=1)


def test_every_target_is_up(onward: CommandLine, stack_settings: StackSettings) -> None:
    jobs = {*(f"worker-{duty}" for duty in Duty), "temporal", "prometheus"}
    jobs |= {f"{job}-{each}" for job in ("edge", "replicas") for each in ENVIRONMENTS}

    def targets() -> dict[str, str]:
        active = _asked(stack_settings, "targets?state=active")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in active}

    until(lambda: targets() == dict.fromkeys(jobs, "up"))


def test_the_metrics_that_are_documented_are_there(
    verified: Verified, application: Application, stack_settings: StackSettings
) -> None:
    """A counter is there from its first count on: a build fails, and a workflow begins that no worker knows."""
    verified.application.get(Environment.PROD, verified.application.path("catalog"))
    _with_a_build_that_fails(application)
    nobodys = f"nobodys-{application.name}"
    temporal(stack_settings, "workflow", "start", "--type", "Nobodys", "--task-queue", "onward", "-w", nobodys)
    try:
        until(lambda: _documented() <= _asked(stack_settings, "metadata").keys())
    finally:
        temporal(stack_settings, "workflow", "terminate", "-w", nobodys)

    assert len(_documented()) >= 4
    build = f"http://127.0.0.1:{worker_metrics_port(stack_settings, Duty.BUILD)}/metrics"
    served = requests.get(build, timeout=10).text
    assert re.search(
        r'^temporal_activity_execution_failed_total\{.*activity_type="build".*\} [1-9]', served, re.MULTILINE
    )

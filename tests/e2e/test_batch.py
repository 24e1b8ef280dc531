"""Batch jobs on the real stack: one at a time in ci, five in prod, whoever starts them and whatever dies."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from docker import DockerClient

from engines.docker_api import connect
from engines.labels import Label
from engines.swarm_api import SwarmServices
from settings import StackSettings
from stack.prometheus import prometheus_url
from tests.e2e.application import Application
from tests.e2e.commandline import TIMEOUT, CommandLine
from tests.e2e.conftest import _an_application
from tests.e2e.disturbance import killed, temporal, until

DOCKERFILE = """\
FROM onward-examples/python:3
COPY job.py ./
CMD ["python3", "job.py"]
"""

#: Works for as long as its configuration says, and tells what it was.
JOB = """\
import os, time
print("working on", os.environ["WORK"], "as", os.environ["ONWARD_ROLE"], flush=True)
time.sleep(float(os.environ["WORK"]))
print("done in", os.environ["ONWARD_ENVIRONMENT"])
raise SystemExit(int(os.environ.get("CODE", "0")))
"""

DEFINITION = """\
application: {name}
role: report
kind: batch
owner: shop-team
scale: {{ci: {{max: 1}}, prod: {{max: 5}}}}
config: {{ci: {{WORK: "{ci}"}}, prod: {{WORK: "{prod}"}}}}
batch: {{timeout: 2m{more}}}
"""


class Job:
    """``report``, a batch job of an application."""

    def __init__(self, application: Application, engine: DockerClient) -> None:
        self.application = application
        self.name = f"{application.name}-report"
        self._onward = application.onward
        self._engine = engine
        (application.repository / "report").mkdir()
        application.write("report/Dockerfile", DOCKERFILE)
        application.write("report/job.py", JOB)

    def release(self, ci: float = 0, prod: float = 0, more: str = "") -> Any:
        """Release it with runs of so many seconds."""
        text = DEFINITION.format(name=self.application.name, ci=ci, prod=prod, more=more)
        self.application.write("report/service.yaml", text)
        return self.application.release("report")

    def words(self, environment: str) -> list[str]:
        return [environment, self.application.name, "report"]

    def start(self, environment: str, *more: str) -> subprocess.Popen[str]:
        return self._onward.start("run", *self.words(environment), "--json", *more)

    def run(self, environment: str, *more: str, exit_code: int = 0) -> Any:
        return self._onward.json("run", *self.words(environment), *more, exit_code=exit_code)

    def runs(self, environment: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._onward.json("runs", *self.words(environment), "--limit", "200")
        return rows

    def containers(self, environment: str) -> list[Any]:
        """Those of its runs that are up."""
        labels = [f"{Label.APPLICATION}={self.application.name}", Label.RUN, f"{Label.ENVIRONMENT}={environment}"]
        return self._engine.containers.list(filters={"label": labels}, ignore_removed=True)

    def nothing_is_left(self) -> bool:
        """Of all its runs: no service, no container."""
        services = SwarmServices(self._engine).labelled({Label.APPLICATION: self.application.name})
        there = [each["Spec"]["Name"] for each in services if Label.RUN in each["Spec"]["Labels"]]
        return not there and not self.containers("ci") and not self.containers("prod")


@pytest.fixture(scope="module")
def job(onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    directory: Path = tmp_path_factory.mktemp("batch")
    with (
        closing(connect(stack_settings.docker_host)) as engine,
        _an_application(onward, stack_settings, engine, directory) as application,
    ):
        yield Job(application, engine)


class MostAtOnce:
    """Looks all the time at how many runs of a job are up, in both environments."""

    def __init__(self, job: Job) -> None:
        self.most = {"ci": 0, "prod": 0}
        self._job = job
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def __enter__(self) -> dict[str, int]:
        self._looking.start()
        return self.most

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            for environment, most in self.most.items():
                self.most[environment] = max(most, len(self._job.containers(environment)))


def _firing(settings: StackSettings, job: Job) -> set[str]:
    """The monitors of the job that fire in prod."""
    alerts = requests.get(f"{prometheus_url(settings)}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
    own = {"environment": "prod", "application": job.application.name, "role": "report"}.items()
    return {each["labels"]["alertname"] for each in alerts if own <= each["labels"].items()}


def _ended(run: subprocess.Popen[str], exit_code: int = 0) -> Any:
    stdout, stderr = run.communicate(timeout=TIMEOUT)
    assert run.returncode == exit_code, f"{stdout}\n{stderr}"
    return json.loads(stdout)


def test_a_job_is_released_runs_on_demand_and_keeps_what_it_printed(job: Job, onward: CommandLine) -> None:
    document = job.release()

    assert document["status"] == "verified"
    rows = job.application.deployed("report")
    assert {(row["state"], row["number"]) for row in rows.values()} == {("ready", document["number"])}
    result = job.run("prod", "--reason", "month's end", "--by", "ann")
    assert (result["status"], result["exit_code"], result["number"]) == ("succeeded", 0, document["number"])
    assert onward.run("logs", result["run"]).stdout == "working on 0 as report\ndone in prod\n"
    (row,) = job.runs("prod")
    assert (row["run"], row["status"], row["started_by"]) == (result["run"], "succeeded", "ann")
    assert row["reason"] == "month's end"
    assert onward.json("show", result["run"])["status"] == "succeeded"
    assert job.nothing_is_left()


def test_a_run_of_what_is_no_job_is_wrong_input(job: Job, onward: CommandLine) -> None:
    document = onward.json("run", "prod", job.application.name, "nobody", exit_code=2)

    assert f"no batch job prod-{job.application.name}-nobody is deployed" in document["error"]["message"]


def test_one_at_a_time_in_ci_and_five_in_prod_from_schedule_and_by_hand_at_once(
    job: Job, stack_settings: StackSettings
) -> None:
    job.release(ci=2, prod=4, more=", every: 1s, overlap: skip")

    with MostAtOnce(job) as most:
        by_hand = [job.start(environment) for environment in ("ci", "prod") for _ in range(2)]
        results = [_ended(run) for run in by_hand]
        until(lambda: sum(row["status"] == "succeeded" for row in job.runs("prod")) > 6)
    job.release()

    assert {result["status"] for result in results} == {"succeeded"}
    assert most == {"ci": 1, "prod": 5}
    for environment in most:
        statuses = {(row["started_by"], row["status"]) for row in job.runs(environment)}
        assert ("schedule", "skipped") in statuses
        assert ("schedule", "succeeded") in statuses
    until(job.nothing_is_left)
    assert temporal(job.application._settings, "schedule", "list").count(job.name) == 0


def test_a_release_changes_what_the_next_run_is_of_and_kills_none(job: Job) -> None:
    before = job.release(ci=25)["number"]
    run = job.start("ci")
    until(lambda: len(job.containers("ci")) == 1)

    after = job.release()["number"]

    assert len(job.containers("ci")) == 1
    refused = job.run("ci", "--no-wait", exit_code=4)
    assert (refused["status"], refused["cause"].startswith("1 of 1 run is going")) == ("refused", True)
    next_one = job.start("ci")
    assert (_ended(run)["number"], _ended(next_one)["number"]) == (before, after)
    assert job.nothing_is_left()


def test_a_worker_that_is_killed_goes_on_with_the_same_container_and_a_killed_container_is_a_failed_run(
    job: Job, stack_settings: StackSettings, onward: CommandLine
) -> None:
    job.release(prod=12)
    run = job.start("prod")
    until(lambda: len(job.containers("prod")) == 1)
    (container,) = job.containers("prod")

    killed(stack_settings, "worker-prod")
    time.sleep(1)
    killed(stack_settings, "worker-orchestrate")

    assert _ended(run)["status"] == "succeeded"
    with MostAtOnce(job):
        failing = job.start("prod")
        until(lambda: len(job.containers("prod")) == 1)
        (other,) = job.containers("prod")
        other.kill()
        result = _ended(failing, 1)
    assert other.id != container.id
    assert (result["status"], result["cause"]) == ("failed", "it was killed: SIGKILL (137)")
    assert "working on 12" in onward.run("logs", result["run"]).stdout
    assert job.nothing_is_left()
    until(lambda: "RunFailed" in _firing(stack_settings, job), seconds=60)
    job.release()
    job.run("prod")
    until(lambda: "RunFailed" not in _firing(stack_settings, job), seconds=60)


def test_a_cancel_stops_the_container_and_a_termination_leaves_none_either(
    job: Job, stack_settings: StackSettings
) -> None:
    job.release(ci=100, prod=100)
    for environment, how in (("ci", "cancel"), ("prod", "terminate")):
        job.run(environment, "--no-wait")
        until(lambda environment=environment: len(job.containers(environment)) == 1)  # type: ignore[misc]
        temporal(stack_settings, "workflow", how, "-w", job.runs(environment)[0]["run"])

    until(job.nothing_is_left, seconds=90)

    assert [job.runs(environment)[0]["status"] for environment in ("ci", "prod")] == ["cancelled", "failed"]

"""Batch jobs on the real stack: one at a time in ci, five in prod, whoever starts them and whatever dies."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from engines.docker_api import connect
from settings import StackSettings
from stack.prometheus import prometheus_url
from tests.e2e.application import an_application
from tests.e2e.commandline import TIMEOUT, CommandLine
from tests.e2e.disturbance import killed, temporal, until
from tests.e2e.job import Job, MostAtOnce, runs_made


@pytest.fixture(scope="module")
def job(onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    directory: Path = tmp_path_factory.mktemp("batch")
    with (
        closing(connect(stack_settings.docker_host)) as engine,
        an_application(onward, stack_settings, directory) as application,
    ):
        yield Job(application, engine)


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
    job.release(ci=3, prod=20, more=", every: 2s, overlap: skip")

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
    with runs_made(stack_settings, job) as made:
        run = job.start("prod")
        until(lambda: len(job.containers("prod")) == 1)

        killed(stack_settings, "worker-prod")
        time.sleep(1)
        killed(stack_settings, "worker-orchestrate")

        assert _ended(run)["status"] == "succeeded"
        assert made == {"prod": 1}
        failing = job.start("prod")
        until(lambda: len(job.containers("prod")) == 1)
        (other,) = job.containers("prod")
        other.kill()
        result = _ended(failing, 1)
    assert made == {"prod": 2}, "what was killed is not run again"
    assert (result["status"], result["cause"]) == ("failed", "it was killed: SIGKILL (137)")
    assert "working on 12" in onward.run("logs", result["run"]).stdout
    assert job.nothing_is_left()
    until(lambda: "RunFailed" in _firing(stack_settings, job))
    job.release()
    job.run("prod")
    until(lambda: "RunFailed" not in _firing(stack_settings, job))


def test_a_cancel_stops_the_container_and_a_termination_leaves_none_either(
    job: Job, stack_settings: StackSettings
) -> None:
    job.release(ci=900, prod=900)
    for environment, how in (("ci", "cancel"), ("prod", "terminate")):
        job.run(environment, "--no-wait")
        until(lambda environment=environment: len(job.containers(environment)) == 1)  # type: ignore[misc]
        temporal(stack_settings, "workflow", how, "-w", job.runs(environment)[0]["run"])

    until(job.nothing_is_left)

    assert [job.runs(environment)[0]["status"] for environment in ("ci", "prod")] == ["cancelled", "failed"]

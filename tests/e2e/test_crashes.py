"""Processes that die in the middle: the release goes on, and nothing is done twice."""

from __future__ import annotations

import signal
import time

import pytest
from docker import DockerClient

from engines.labels import Label
from engines.swarm_api import Json, SwarmServices
from settings import StackSettings
from stack.places import StateDirectory
from stack.supervision import Supervisor
from tests.e2e.application import Application
from tests.e2e.commandline import TIMEOUT, CommandLine
from tests.e2e.disturbance import killed, runs_again, temporal, until


def _service(engine: DockerClient, name: str) -> Json:
    found = SwarmServices(engine).find(name)
    assert found is not None
    return found


def _slow_build(application: Application) -> None:
    """Six seconds, and in no cache: no other application has the same step."""
    dockerfile = (application.repository / "catalog" / "Dockerfile").read_text()
    step = f'RUN ["python3", "-c", "import time; {application.name} = time.sleep(6)"]'
    application.write("catalog/Dockerfile", f"{dockerfile}{step}\n")


@pytest.mark.without_suites
def test_a_build_worker_that_is_killed_in_the_middle_of_a_build(
    application: Application, stack_settings: StackSettings
) -> None:
    _slow_build(application)
    release = application.start("catalog")
    until(lambda: application.stage("catalog") == "build")
    time.sleep(2)

    killed(stack_settings, "worker-build")

    document = application.ended(release)
    assert (document["status"], document["number"]) == ("verified", 1)
    assert "image built" in document["stages"][1]["detail"]


@pytest.mark.without_suites
def test_a_prod_worker_that_is_killed_in_the_middle_of_a_deploy_updates_once(
    application: Application, stack_settings: StackSettings, engine: DockerClient
) -> None:
    application.release("catalog")
    application.change("catalog/service.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning")
    name = f"prod-{application.name}-catalog"
    release = application.start("catalog")
    until(lambda: _service(engine, name)["Spec"]["Labels"][Label.NUMBER] == "2")

    killed(stack_settings, "worker-prod")

    document = application.ended(release)
    assert document["status"] == "verified"
    details = {stage["name"]: stage["detail"] for stage in document["stages"]}
    assert details["deploy prod"].startswith("#2 already there, 2 replicas")
    tasks = SwarmServices(engine).tasks([_service(engine, name)])[_service(engine, name)["ID"]]
    numbers = [task["Spec"]["ContainerSpec"]["Labels"][Label.NUMBER] for task in tasks]
    assert numbers.count("2") == 2, numbers


def test_the_workflows_worker_and_then_the_server_itself_is_killed_in_the_middle(
    application: Application, stack_settings: StackSettings
) -> None:
    _slow_build(application)
    release = application.start("catalog")
    until(lambda: application.stage("catalog") == "build")
    killed(stack_settings, "worker-orchestrate")
    until(lambda: application.stage("catalog") == "regression")
    killed(stack_settings, "temporal")

    document = application.ended(release)
    assert (document["status"], document["number"]) == ("verified", 1)


@pytest.mark.without_suites
def test_ctrl_c_leaves_the_release_to_itself(application: Application, onward: CommandLine) -> None:
    _slow_build(application)
    release = onward.start_installed(*application.words("catalog"))
    until(lambda: application.stage("catalog") == "build")

    release.send_signal(signal.SIGINT)

    _, stderr = release.communicate(timeout=TIMEOUT)
    assert release.returncode == 130
    assert "onward watch" in stderr
    assert onward.json("watch", f"{application.name}-catalog")["status"] == "verified"


@pytest.mark.without_suites
def test_a_cancel_stops_the_build_and_leaves_no_container(
    application: Application, stack_settings: StackSettings, engine: DockerClient
) -> None:
    dockerfile = (application.repository / "catalog" / "Dockerfile").read_text()
    mark = f"onward_cancel_{application.name}"
    application.write(
        "catalog/Dockerfile", f'{dockerfile}RUN ["python3", "-c", "import time; {mark}=time.sleep(600)"]\n'
    )

    def building() -> bool:
        there = engine.containers.list(all=True, ignore_removed=True)
        return any(mark in str(container.attrs["Config"]["Cmd"]) for container in there)

    release = application.start("catalog")
    until(building)

    temporal(
        stack_settings, "workflow", "cancel", "-w", f"release:{application.name}-catalog:{application.commit[:12]}"
    )

    document = application.ended(release, 1)
    assert document["status"] == "failed"
    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("build", "Cancelled")
    until(lambda: not building())


def test_a_part_that_dies_is_started_again(onward: CommandLine, stack_settings: StackSettings) -> None:
    before = Supervisor(StateDirectory(stack_settings)).pid("prometheus")

    killed(stack_settings, "prometheus")

    until(lambda: runs_again(stack_settings, "prometheus", before))
    rows = onward.json("up")
    assert {row["state"] for row in rows} <= {"running", "started"}

"""Runs of batch jobs, as only a swarm has them."""

from __future__ import annotations

from typing import Any

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.batch import BegunRun, RunKey, RunOrder, RunState
from domain.deployment import Action
from domain.environment import Environment
from engines.labels import Label
from engines.swarm_jobs import SwarmJobs
from engines.swarm_runs import SwarmRuns
from stack.services import DeployedServices
from tests.engines.conftest import Environments, wait_for
from tests.fakes.progress import SilentProgress

LASTS = "echo it lasts; trap 'exit 0' TERM; sleep 600 & wait"


#: Ten seconds after it was asked to end it is killed.
IGNORES = "trap '' TERM; echo it stays; while :; do sleep 1; done"


class Killed(Exception):
    """The worker, while it waits."""


class KilledWhileItWaits(SilentProgress):
    """Of a worker that does not come to its second look."""

    def wait(self, seconds: float) -> None:
        raise Killed


class Runs:
    """Jobs of one image in a swarm."""

    def __init__(self, client: DockerClient, environment: Environments, image: Artifact) -> None:
        self.client = client
        self.runs = SwarmRuns(client, stack=environment.stack)
        self._jobs = SwarmJobs(client, stack=environment.stack, endpoint_mode="dnsrr")
        self._environment = environment
        self._image = image

    def begun(self, script: str, **definition: Any) -> BegunRun:
        job = self._environment.job(1, self._image, batch={"command": ["sh", "-c", script]}, **definition)
        self._jobs.deploy(job, SilentProgress())
        key = RunKey(workflow=f"run:{job.name}:one", run="r")
        return self.runs.begin(RunOrder(environment=Environment.CI, service=job.service, key=key))

    def container(self, run: BegunRun) -> Any:
        label = f"{Label.OWNER}={run.order.key.workflow}"
        found = wait_for(lambda: self.client.containers.list(filters={"label": label}))
        return found[0]

    def ended(self, run: BegunRun) -> RunState:
        wait_for(lambda: self.runs.look(run).ended)
        return self.runs.look(run)


@pytest.fixture
def swarm(docker_client: DockerClient, environment: Environments, base: Artifact) -> Runs:
    return Runs(docker_client, environment, base)


@pytest.mark.server
def test_a_container_that_is_killed_is_a_failed_run_and_is_not_started_again(swarm: Runs) -> None:
    run = swarm.begun(LASTS)
    swarm.container(run).kill()

    assert swarm.ended(run) == RunState(ended=True, exit_code=137, cause="it was killed: SIGKILL (137)")
    assert not swarm.client.containers.list(filters={"label": f"{Label.OWNER}={run.order.key.workflow}"})


@pytest.mark.server
def test_a_container_that_is_removed_is_a_failed_run(swarm: Runs) -> None:
    run = swarm.begun(LASTS)
    swarm.container(run).remove(force=True)

    assert swarm.ended(run).cause


@pytest.mark.server
def test_who_is_killed_while_a_run_ends_leaves_it_to_the_next_who_waits_for_it(swarm: Runs) -> None:
    run = swarm.begun(IGNORES)
    key, container = run.order.key, swarm.container(run)
    with pytest.raises(Killed):
        swarm.runs.stop(key, KilledWhileItWaits())

    container.reload()
    assert container.status == "running"
    assert swarm.runs.going(Environment.CI, run.order.service) == [key]
    assert not swarm.runs.look(run).ended, "its container is there"
    swarm.runs.stop(key, SilentProgress())
    swarm.runs.forget(key)
    assert swarm.runs.going(Environment.CI, run.order.service) == []
    assert not swarm.client.containers.list(filters={"label": f"{Label.OWNER}={key.workflow}"})
    assert swarm.runs.look(run).ended


@pytest.mark.server
def test_a_run_goes_on_while_its_stack_is_put_to_rest_and_is_not_run_again(swarm: Runs, stack: str) -> None:
    run = swarm.begun(LASTS)
    container = swarm.container(run)
    services = DeployedServices(swarm.client, stack)

    assert services.rest() == services.wake() == []

    assert not swarm.runs.look(run).ended
    assert swarm.container(run).id == container.id


@pytest.mark.server
def test_a_run_gets_the_jobs_configuration_and_knows_who_it_is(swarm: Runs) -> None:
    config = {"ci": {"LEVEL": "debug"}, "prod": {}}
    run = swarm.begun("echo $LEVEL $ONWARD_ENVIRONMENT $ONWARD_ROLE $ONWARD_RUN", config=config)
    printed: list[str] = []
    with swarm.runs.output(run, printed.append):
        swarm.ended(run)

    with swarm.runs.output(run, printed.append):
        pass

    assert f"debug ci web {run.order.key.workflow}" in printed


@pytest.mark.server
def test_a_long_output_is_read_whole_while_it_comes_with_a_last_line_that_does_not_end(swarm: Runs) -> None:
    run = swarm.begun("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; sleep 1; printf done")
    swarm.container(run)
    printed: list[str] = []

    with swarm.runs.output(run, printed.append):
        swarm.ended(run)

    assert printed == [*(f"line {number}" for number in range(3000)), "done"]


@pytest.mark.server
def test_a_service_that_becomes_a_job_stops_and_runs_again_when_it_is_a_service_again(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    jobs = SwarmJobs(docker_client, stack=environment.stack, endpoint_mode="dnsrr")
    environment.arrive(environment.deployment(1, first))

    job = environment.job(2, first)
    assert jobs.deploy(job, SilentProgress()) is Action.UPDATE
    label = f"com.docker.swarm.service.name={job.name}"
    wait_for(lambda: not docker_client.containers.list(filters={"label": label}))
    assert [state.number for state in jobs.running(Environment.CI)] == [2]

    environment.arrive(environment.deployment(3, first))
    assert jobs.observe(job.environment, job.service) is None
    assert jobs.running(Environment.CI) == []

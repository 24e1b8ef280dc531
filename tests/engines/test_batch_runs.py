"""Runs of batch jobs: in a swarm, and those in memory that obey the same contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.batch import BatchRuns, BegunRun, RunKey, RunOrder, RunState
from domain.deployment import Deployment, EnvironmentEngine
from domain.errors import NotFound
from engines.swarm_jobs import SwarmJobs
from engines.swarm_runs import SwarmRuns
from tests.domain.builders import definition
from tests.domain.builders import deployment as some_deployment
from tests.engines.conftest import Environments, wait_for
from tests.fakes.batch import MemoryJobs, MemoryRuns
from tests.fakes.progress import SilentProgress

ENDS = "echo first; echo last; exit {code}"
LASTS = "echo it lasts; trap 'exit 0' TERM; sleep 600 & wait"


@dataclass(frozen=True)
class Subject:
    """Jobs and their runs; ``job`` makes a release of one whose runs end with an exit code, or last."""

    jobs: EnvironmentEngine
    runs: BatchRuns
    job: Callable[[int, int | None], Deployment]

    def deployed(self, number: int, code: int | None) -> Deployment:
        deployment = self.job(number, code)
        self.jobs.deploy(deployment, SilentProgress())
        return deployment

    def begun(self, deployment: Deployment, run: str = "") -> BegunRun:
        key = RunKey(workflow=f"run:{deployment.name}:{run or uuid4().hex[:6]}", run=run or uuid4().hex)
        return self.runs.begin(RunOrder(environment=deployment.environment, service=deployment.service, key=key))

    def ended(self, run: BegunRun) -> RunState:
        wait_for(lambda: self.runs.look(run).ended)
        return self.runs.look(run)


def _memory(_: pytest.FixtureRequest) -> Subject:
    jobs = MemoryJobs()
    runs = MemoryRuns(jobs)

    def job(number: int, code: int | None) -> Deployment:
        made = some_deployment(number, definition=definition("kind: batch\n"))
        runs.ends[number] = code
        return made

    return Subject(jobs, runs, job)


def _swarm(request: pytest.FixtureRequest) -> Subject:
    client: DockerClient = request.getfixturevalue("docker_client")
    environment: Environments = request.getfixturevalue("environment")
    image: Artifact = request.getfixturevalue("base")

    def job(number: int, code: int | None) -> Deployment:
        command = ["sh", "-c", LASTS if code is None else ENDS.format(code=code)]
        return environment.job(number, image, batch={"command": command})

    jobs = SwarmJobs(client, stack=environment.stack, endpoint_mode="dnsrr")
    return Subject(jobs, SwarmRuns(client, stack=environment.stack), job)


@pytest.fixture(params=[pytest.param(_memory, id="memory"), pytest.param(_swarm, id="swarm", marks=pytest.mark.server)])
def subject(request: pytest.FixtureRequest) -> Subject:
    made: Subject = request.param(request)
    return made


def test_of_what_was_never_deployed_nothing_runs(subject: Subject) -> None:
    job = subject.job(1, 0)

    with pytest.raises(NotFound, match=f"no batch job {job.name} is deployed"):
        subject.runs.job(job.environment, job.service)
    with pytest.raises(NotFound):
        subject.begun(job)


def test_a_run_is_of_what_was_deployed_last_and_ends_with_its_exit_code(subject: Subject) -> None:
    job = subject.deployed(3, 0)
    assert subject.runs.job(job.environment, job.service).number == 3

    run = subject.begun(job)

    assert (run.number, run.commit, run.digest) == (3, job.commit, job.artifact.digest)
    assert subject.ended(run) == RunState(ended=True, exit_code=0)


def test_a_run_that_fails_says_so(subject: Subject) -> None:
    run = subject.begun(subject.deployed(1, 3))

    assert subject.ended(run) == RunState(ended=True, exit_code=3, cause="exit code 3")


def test_all_that_a_run_prints_is_read_also_by_who_comes_when_it_has_ended(subject: Subject) -> None:
    run = subject.begun(subject.deployed(1, 0))
    printed: list[str] = []
    subject.ended(run)

    with subject.runs.output(run, printed.append):
        pass

    assert printed == ["first", "last"]


def test_a_second_attempt_finds_the_run_of_the_first(subject: Subject) -> None:
    job = subject.deployed(1, None)

    assert subject.begun(job, "same") == subject.begun(job, "same")
    assert len(subject.runs.going(job.environment, job.service)) == 1


def test_a_release_changes_what_the_next_run_uses_and_ends_none(subject: Subject) -> None:
    job = subject.deployed(1, None)
    run = subject.begun(job)

    subject.deployed(2, 0)

    assert not subject.runs.look(run).ended
    assert subject.begun(job).number == 2
    assert subject.begun(job, "same").order.key in subject.runs.going(job.environment, job.service)


def test_nothing_is_left_of_a_run_that_is_stopped(subject: Subject) -> None:
    job = subject.deployed(1, None)
    one, other = subject.begun(job), subject.begun(job)

    subject.runs.stop(one.order.key, SilentProgress())
    subject.runs.stop(one.order.key, SilentProgress())
    assert subject.runs.going(job.environment, job.service) == [one.order.key, other.order.key]
    assert "it was stopped from outside" in subject.runs.look(one).cause
    subject.runs.forget(one.order.key)
    subject.runs.forget(one.order.key)

    assert subject.runs.going(job.environment, job.service) == [other.order.key]
    state = subject.runs.look(one)
    assert (state.ended, state.exit_code) == (True, None)
    assert "its container is gone" in state.cause

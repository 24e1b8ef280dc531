"""What every engine of an environment must do: swarm, site buckets, and the one in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.deployment import Action, Deployment, EnvironmentEngine, settled
from domain.environment import Environment
from domain.errors import Superseded
from domain.service import Kind
from engines.swarm import SwarmEngine
from engines.swarm_jobs import SwarmJobs
from tests.domain.builders import deployment as memory_deployment
from tests.engines.conftest import Environments, wait_for
from tests.engines.sites import Sites
from tests.fakes.engines import MemoryEngine
from tests.fakes.progress import SilentProgress


@dataclass(frozen=True)
class Subject:
    """An engine, and what can be deployed to it: one service, by number."""

    engine: EnvironmentEngine
    deployment: Callable[[int], Deployment]
    state: str = "running"

    def arrived(self, deployment: Deployment) -> bool:
        state = self.engine.observe(deployment.environment, deployment.service)
        return state is not None and settled(state, deployment)


def _memory(_: pytest.FixtureRequest) -> Subject:
    return Subject(MemoryEngine(), memory_deployment)


def _swarm(request: pytest.FixtureRequest) -> Subject:
    environment: Environments = request.getfixturevalue("environment")
    first: Artifact = request.getfixturevalue("first")
    return Subject(environment.engine, lambda number: environment.deployment(number, first))


def _jobs(request: pytest.FixtureRequest) -> Subject:
    environment: Environments = request.getfixturevalue("environment")
    first: Artifact = request.getfixturevalue("first")
    jobs = SwarmJobs(request.getfixturevalue("docker_client"), stack=environment.stack, endpoint_mode="dnsrr")
    return Subject(jobs, lambda number: environment.job(number, first), state="ready")


def _datastores(request: pytest.FixtureRequest) -> Subject:
    environment: Environments = request.getfixturevalue("environment")
    client: DockerClient = request.getfixturevalue("docker_client")
    first: Artifact = request.getfixturevalue("first")
    engine = SwarmEngine(client, stack=environment.stack, endpoint_mode="dnsrr", kind=Kind.DATASTORE)
    section = {"kind": "datastore", "datastore": {"volume": "/data", "version": "1"}}
    return Subject(engine, lambda number: environment.deployment(number, first, **section))


def _sites(request: pytest.FixtureRequest) -> Subject:
    sites: Sites = request.getfixturevalue("sites")
    return Subject(sites.engine, lambda number: sites.deployment(number, {"index.html": f"release {number}"}))


@pytest.fixture(
    params=[
        pytest.param(_memory, id="memory"),
        pytest.param(_swarm, id="swarm", marks=pytest.mark.server),
        pytest.param(_jobs, id="jobs", marks=pytest.mark.server),
        pytest.param(_datastores, id="datastores", marks=pytest.mark.server),
        pytest.param(_sites, id="sites", marks=pytest.mark.server),
    ]
)
def subject(request: pytest.FixtureRequest) -> Subject:
    made: Subject = request.param(request)
    return made


def test_what_was_never_deployed_is_not_there(subject: Subject) -> None:
    assert subject.engine.observe(Environment.CI, subject.deployment(1).service) is None
    assert subject.engine.running(Environment.CI) == []


def test_a_release_arrives_and_is_seen_as_it_was_asked_for(subject: Subject) -> None:
    deployment = subject.deployment(3)
    assert subject.engine.deploy(deployment, SilentProgress()) is Action.CREATE
    wait_for(lambda: subject.arrived(deployment))

    (state,) = subject.engine.running(Environment.CI)
    assert state == subject.engine.observe(Environment.CI, deployment.service)
    assert (state.name, state.number, state.commit) == (deployment.name, 3, deployment.commit)
    assert (state.release, state.digest) == (deployment.release, deployment.artifact.digest)
    assert (state.served.number, state.state) == (3, subject.state)
    assert subject.engine.probe(deployment, SilentProgress())
    assert subject.engine.running(Environment.PROD) == []


def test_the_same_number_again_does_nothing_and_a_greater_one_goes_forward(subject: Subject) -> None:
    subject.engine.deploy(subject.deployment(1), SilentProgress())

    assert subject.engine.deploy(subject.deployment(1), SilentProgress()) is Action.NOTHING
    assert subject.engine.deploy(subject.deployment(2), SilentProgress()) is Action.UPDATE
    wait_for(lambda: subject.arrived(subject.deployment(2)))


def test_a_lower_number_is_superseded_and_changes_nothing(subject: Subject) -> None:
    subject.engine.deploy(subject.deployment(5), SilentProgress())
    wait_for(lambda: subject.arrived(subject.deployment(5)))

    with pytest.raises(Superseded):
        subject.engine.deploy(subject.deployment(4), SilentProgress())
    state = subject.engine.observe(Environment.CI, subject.deployment(5).service)
    assert state is not None
    assert state.served.number == 5

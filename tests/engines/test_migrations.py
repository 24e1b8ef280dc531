"""Migrations on a real swarm: one task for each release and environment, whoever dies beside it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.data_names import migration_name
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import Conflict, ForeignResource, InvalidInput
from domain.migration import failure_of
from engines.swarm_api import SwarmServices
from engines.swarm_migrations import SwarmMigrations
from stack.services import DeployedServices
from tests.engines.conftest import Environments, wait_for
from tests.fakes.progress import Cancelled, CancelledProgress, SilentProgress

pytestmark = pytest.mark.server


class Migrating:
    """Migrations of one service, by number; each container that ran one left a trace in the engine."""

    def __init__(self, client: DockerClient, environment: Environments, image: Artifact) -> None:
        self.client = client
        self.environment = environment
        self.migrations = SwarmMigrations(client, stack=environment.stack, endpoint_mode="dnsrr")
        self._image = image

    def deployment(self, number: int, command: str, **definition: Any) -> Deployment:
        deploy = {"migrate": ["sh", "-c", command], "timeout": "2m"} | definition.pop("deploy", {})
        return self.environment.deployment(number, self._image, deploy=deploy, **definition)

    def jobs(self) -> list[str]:
        labels = {"onward.stack": self.environment.stack, "onward.kind": "migration"}
        return [job["Spec"]["Name"] for job in SwarmServices(self.client).labelled(labels)]

    def containers(self) -> list[str]:
        label = f"onward.application={self.environment.application}"
        found = self.client.api.containers(all=True, filters={"label": label})
        return [each["State"] for each in found if each["Labels"].get("onward.kind") == "migration"]


@pytest.fixture
def migrating(docker_client: DockerClient, environment: Environments, first: Artifact) -> Iterator[Migrating]:
    migrating = Migrating(docker_client, environment, first)
    yield migrating
    for number in (1, 2, 3):
        migrating.migrations.remove(migrating.deployment(number, "true"))


def test_a_migration_runs_as_the_service_and_is_no_service(
    docker_client: DockerClient, migrating: Migrating, environment: Environments
) -> None:
    command = "cat /run/secrets/password; echo; echo $A $ONWARD_ROLE $ONWARD_ENVIRONMENT; ls /www/index.html"
    wanted = migrating.deployment(1, command, config={"ci": {"A": "1"}, "prod": {}}, secrets=["password"])
    labels = {"onward.stack": environment.stack}
    docker_client.secrets.create(name=f"{wanted.name}-password", data=b"open sesame", labels=labels)

    end = migrating.migrations.run(wanted, "r1", SilentProgress())

    assert (end.exit_code, end.output.splitlines()) == (0, ["open sesame", "1 web ci", "/www/index.html"])
    assert failure_of(end) == ""
    assert environment.engine.running(Environment.CI) == []
    assert environment.engine.observe(Environment.CI, wanted.service) is None
    migrating.migrations.remove(wanted)
    migrating.migrations.remove(wanted)
    assert migrating.jobs() == []


def test_a_second_attempt_waits_for_the_job_of_the_first(migrating: Migrating) -> None:
    wanted = migrating.deployment(1, "echo begun; sleep 3; echo done")
    with pytest.raises(Cancelled):
        migrating.migrations.run(wanted, "r1", CancelledProgress("running"))

    end = migrating.migrations.run(wanted, "r1", SilentProgress())

    assert (end.exit_code, end.output) == (0, "begun\ndone\n")
    assert migrating.migrations.run(wanted, "r1", SilentProgress()) == end, "what has ended is read, not done again"
    assert migrating.containers() == ["exited"]


def test_attempts_at_once_make_one_job(migrating: Migrating) -> None:
    wanted = migrating.deployment(1, "sleep 1; hostname")
    with ThreadPoolExecutor() as pool:
        ends = list(pool.map(lambda _: migrating.migrations.run(wanted, "r1", SilentProgress()), range(4)))
    assert len({end.output for end in ends}) == 1
    assert migrating.containers() == ["exited"]


def test_a_failure_is_told_and_not_tried_again(migrating: Migrating) -> None:
    wanted = migrating.deployment(1, "echo no such table; exit 3")
    end = migrating.migrations.run(wanted, "r1", SilentProgress())
    assert failure_of(end) == "the migration ended with exit code 3: no such table"
    assert migrating.migrations.run(wanted, "r1", SilentProgress()) == end


def test_what_another_run_or_an_earlier_release_left_is_stopped_first(migrating: Migrating) -> None:
    for number in (1, 2):
        left = migrating.deployment(number, "sleep 600")
        with pytest.raises(Cancelled):
            migrating.migrations.run(left, "r1", CancelledProgress("running"))
    assert len(migrating.jobs()) == 1

    end = migrating.migrations.run(migrating.deployment(2, "echo mine"), "r2", SilentProgress())

    assert end.output == "mine\n"
    assert "running" not in migrating.containers()


def test_one_that_does_not_end_is_given_up_and_stopped(migrating: Migrating) -> None:
    wanted = migrating.deployment(1, "echo waits for a lock; sleep 600", deploy={"timeout": "20s"})
    end = migrating.migrations.run(wanted, "r1", SilentProgress())
    assert failure_of(end) == "the migration did not end in time: waits for a lock"
    assert migrating.migrations.remove(wanted) == "waits for a lock\n"
    wait_for(lambda: "running" not in migrating.containers(), seconds=5)


def test_a_command_that_is_not_there_is_named(migrating: Migrating) -> None:
    wanted = migrating.deployment(1, "", deploy={"migrate": ["/nowhere"], "timeout": "20s"})
    failure = failure_of(migrating.migrations.run(wanted, "r1", SilentProgress()))
    assert "/nowhere" in failure, failure


def test_it_answers_for_nobody_while_the_old_tasks_serve(migrating: Migrating, environment: Environments) -> None:
    old = environment.deployment(1, migrating.deployment(1, "").artifact)
    environment.arrive(old)
    wanted = migrating.deployment(
        2, f"sleep 1; nslookup {old.name} | grep -c ^Address; wget -q -O - http://{old.name}:8080"
    )
    output = migrating.migrations.run(wanted, "r1", SilentProgress()).output
    assert output.splitlines()[-1].endswith("first"), output
    assert len(environment.observe(old).tasks) == 1


def test_what_is_missing_is_said_before_anything_runs(migrating: Migrating) -> None:
    with pytest.raises(InvalidInput, match="docker secret create"):
        migrating.migrations.run(migrating.deployment(1, "true", secrets=["x"]), "r1", SilentProgress())
    wanted = migrating.deployment(1, "true", reads={"datastores": ["db"]})
    with pytest.raises(Conflict, match=r"the datastore ci-.*-db is not there"):
        migrating.migrations.run(wanted, "r1", SilentProgress())
    assert migrating.jobs() == []


def test_a_stack_at_rest_neither_stops_nor_repeats_it(docker_client: DockerClient, migrating: Migrating) -> None:
    wanted = migrating.deployment(1, "sleep 2; echo done")
    with pytest.raises(Cancelled):
        migrating.migrations.run(wanted, "r1", CancelledProgress("running"))
    services = DeployedServices(docker_client, migrating.environment.stack)
    assert services.rest() == []
    assert services.wake() == []

    assert migrating.migrations.run(wanted, "r1", SilentProgress()).output == "done\n"
    assert migrating.containers() == ["exited"]


def test_another_stacks_job_is_not_touched(docker_client: DockerClient, migrating: Migrating) -> None:
    wanted = migrating.deployment(1, "true")
    migrating.migrations.run(wanted, "r1", SilentProgress())
    other = SwarmMigrations(docker_client, stack="other", endpoint_mode="dnsrr")
    name = migration_name(wanted.environment, wanted.service, 1)
    with pytest.raises(ForeignResource, match=f"service {name} belongs to another stack"):
        other.run(wanted, "r1", SilentProgress())

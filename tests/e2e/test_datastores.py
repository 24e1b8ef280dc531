"""PostgreSQL with a service that keeps its orders in it: updates, backups and migrations, with workers that die."""

from __future__ import annotations

import json
import secrets
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from docker import DockerClient

from domain import keys
from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty, ServiceId
from engines.docker_api import connect
from engines.labels import Label
from engines.swarm_api import SwarmServices
from examples.till.make_repository import make_repository
from settings import StackSettings
from stack.images import Images
from stack.places import Machine
from stack.postgres_image import ensure_postgres_image
from tests.bucket import bucket_of
from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import killed, until
from tests.e2e.engine_events import EngineEvents
from tests.e2e.slices import remove_services

DEFINITION = "orders-db/service.yaml"
MIGRATION = "orders/migrate.py"
FIRST_STEP = '    "CREATE TABLE orders (name text PRIMARY KEY, total bigint NOT NULL)",\n'
SECOND_STEP = '    "ALTER TABLE orders ADD placed timestamptz DEFAULT now()",\n'
BACKUP = "backup: {command: [pg_dumpall, --host=/tmp, --username=postgres, --clean], timeout: 10m}"


class Till(Application):
    """The example on a stack: its orders are asked for at the edge."""

    def orders(self, environment: Environment, path: str = "") -> Any:
        return json.loads(self.get(environment, f"/{self.name}/orders{path}"))

    def place(self, environment: Environment, order: str, total: int) -> None:
        data = json.dumps({"total": total}).encode()
        url = self.url(environment, f"/{self.name}/orders/{order}")
        with urllib.request.urlopen(urllib.request.Request(url, data, method="PUT"), timeout=10) as response:  # noqa: S310
            assert json.load(response)["total"] == total

    def details(self, document: Any) -> dict[str, str]:
        return {stage["name"]: stage["detail"] for stage in document["stages"]}


@pytest.fixture(scope="module")
def till(
    onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Till]:
    """Both services, released: first the datastore, then who reads it."""
    name = f"t{uuid4().hex[:8]}"
    with closing(connect(stack_settings.docker_host)) as engine:
        ensure_postgres_image(engine, Images(engine, Machine(stack_settings)), print)
        till = Till(onward, stack_settings, tmp_path_factory.mktemp("till") / "repository", name)
        till.commit = till.base = make_repository(till.repository, name)
        password = secrets.token_hex(16).encode()
        for environment in ENVIRONMENTS:
            for secret in ("orders-db-postgres-password", "orders-database-password"):
                labels = {Label.STACK.value: stack_settings.name}
                engine.secrets.create(name=f"{environment}-{name}-{secret}", data=password, labels=labels)
        reader = onward.run(*till.words("orders"), "--json")
        assert reader.exit_code == 1
        assert f"release {name}-orders-db first" in reader.document["failure"]["message"]
        till.release("orders-db")
        till.write("orders/.released", "after the datastore")
        fixed = till.release("orders")
        assert till.details(fixed)["deploy prod"].startswith("#2 created, 2 replicas, migrated")
        yield till
        remove_services(engine, {Label.APPLICATION: name})


def test_a_datastore_update_keeps_the_data_although_workers_die_in_the_middle(
    till: Till, stack_settings: StackSettings, engine: DockerClient
) -> None:
    till.place(Environment.PROD, "first", 1250)
    slow = 'backup: {command: [sh, -c, "pg_dumpall --host=/tmp --username=postgres && sleep 4"]}'
    till.change(DEFINITION, BACKUP, slow)
    name = f"prod-{till.name}-orders-db"
    with backups_made(stack_settings, f"ci-{till.name}-orders-db") as made:
        release = till.start("orders-db")
        until(lambda: made["backup"] > 0)
        time.sleep(1)
        killed(stack_settings, "worker-ci")
        until(lambda: number_of(engine, name) > 1, seconds=150)
        killed(stack_settings, "worker-prod")
        document = till.ended(release)

    number = document["number"]
    assert document["status"] == "verified"
    assert made["backup"] == 2, "the half one of the worker that was killed is not taken for whole"
    until(lambda: till.orders(Environment.PROD, "/first")["total"] == 1250, seconds=20)
    bucket = bucket_of(stack_settings, engine, Duty.BUILD)
    for environment in ENVIRONMENTS:
        service = ServiceId(application=till.name, role="orders-db")
        record = json.loads(bucket.get(keys.backup_key(environment, service, number)))
        content = bucket.get(bucket.key(record["uri"]))
        assert (len(content), f"sha256:{sha256(content).hexdigest()}") == (record["size"], record["digest"])
        assert b"CREATE TABLE public.orders" in content
        assert f"backup of #{record['of']}: " in till.details(document)[f"deploy {environment}"]
    assert b"first\t1250" in content, "prod's own data"
    volume = engine.volumes.get(name)
    assert volume.attrs["Labels"][Label.STACK] == stack_settings.name


def test_a_datastore_is_not_updated_while_its_backup_fails(till: Till) -> None:
    before = till.deployed("orders-db")["ci"]
    good = (till.repository / DEFINITION).read_text()
    failing = '  backup: {command: [sh, -c, "echo full >&2; exit 2"]}\n'
    till.write(DEFINITION, good.partition("  backup:")[0] + failing)

    document = till.release("orders-db", exit_code=1)

    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("deploy ci", "BackupFailed")
    assert "ended with exit code 2: full" in document["failure"]["message"]
    assert till.deployed("orders-db")["ci"]["commit"] == before["commit"]
    answer = till.onward.run(*till.fix_words("orders-db", till.write(DEFINITION, good)))
    assert answer.exit_code == 0, str(answer)


def test_a_migration_that_fails_halts_before_any_task_is_replaced(till: Till, engine: DockerClient) -> None:
    before = tasks(engine, f"ci-{till.name}-orders")
    till.change(MIGRATION, FIRST_STEP, f'{FIRST_STEP}    "ALTER TABLE nowhere ADD note text",\n')

    document = till.release("orders", exit_code=1)

    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("deploy ci", "MigrationFailed")
    assert document["roll_forward"] == f"roll-forward:{till.name}-orders"
    assert tasks(engine, f"ci-{till.name}-orders") == before
    assert "orders" in till.orders(Environment.CI), "what served goes on serving"
    output = till.onward.run("logs", document["release"], "--step", "migrate-ci").stdout
    assert 'relation "nowhere" does not exist' in output
    mended = till.change(MIGRATION, "ALTER TABLE nowhere", "ALTER TABLE orders")
    answer = till.onward.run(*till.fix_words("orders", mended))
    assert answer.exit_code == 0, str(answer)


def test_a_migration_whose_worker_is_killed_half_way_runs_once(till: Till, stack_settings: StackSettings) -> None:
    slow = '    __import__("time").sleep(8)\n    connection.commit()\n'
    till.change(MIGRATION, "    connection.commit()\n", slow)
    till.change(MIGRATION, "]\n\n\ndef", f"{SECOND_STEP}]\n\n\ndef")
    with migrations_made(stack_settings, till) as made:
        release = till.start("orders")
        until(lambda: made["ci"] == 1)
        time.sleep(3)
        killed(stack_settings, "worker-ci")
        document = till.ended(release)

    assert document["status"] == "verified"
    assert made == {"ci": 1, "prod": 1}
    assert ", migrated" in till.details(document)["deploy ci"]


def number_of(engine: DockerClient, service: str) -> int:
    """Which release an environment was asked for."""
    found = SwarmServices(engine).find(service)
    assert found is not None
    return int(found["Spec"]["Labels"][Label.NUMBER])


def tasks(engine: DockerClient, service: str) -> set[str]:
    """The containers of a service that run."""
    label = f"com.docker.swarm.service.name={service}"
    return {str(container.id) for container in engine.containers.list(filters={"label": label})}


def migrations_made(settings: StackSettings, till: Till) -> EngineEvents:
    """How often the container of a migration is made in each environment."""

    def name(told: Any) -> str:
        ours = told.get(Label.APPLICATION) == till.name and told.get(Label.KIND) == "migration"
        return str(told[Label.ENVIRONMENT]) if ours else ""

    return EngineEvents(settings, {"type": "container", "event": "create"}, name)


def backups_made(settings: StackSettings, service: str) -> EngineEvents:
    """How often a backup command begins in a datastore; its health checks are commands, too."""

    def name(told: Any) -> str:
        ours = told.get("com.docker.swarm.service.name") == service
        return "backup" if ours and "pg_dumpall" in told["action"] else ""

    return EngineEvents(settings, {"type": "container", "event": "exec_start"}, name)

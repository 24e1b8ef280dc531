"""PostgreSQL with a service that keeps its carts in it: updates, backups and migrations, with workers that die."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import requests
from docker import DockerClient

from domain import keys
from domain.environment import ENVIRONMENTS, Environment
from domain.identity import ServiceId, backup_bucket, duty_of
from engines.labels import Label
from engines.swarm_api import SwarmServices
from settings import StackSettings
from stack.prometheus import prometheus_url
from stack.shop_database import ensure_shop_database
from tests.bucket import bucket_of
from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import killed, until
from tests.e2e.engine_events import EngineEvents
from tests.e2e.removal import removed_afterwards

DEFINITION = "orders-db/service.yaml"
MIGRATION = "cart/migrate.py"
FIRST_STEP = '    "CREATE TABLE cart.carts (name text PRIMARY KEY, items jsonb NOT NULL)",\n'
BACKUP = "backup: {command: [pg_dumpall, --host=/tmp, --username=postgres, --clean], timeout: 10m}"


class Shop(Application):
    """The example with its datastore: carts are filled and asked for at the edge."""

    def carts(self, environment: Environment, path: str = "") -> Any:
        return json.loads(self.get(environment, f"/{self.name}/cart{path}"))

    def fill(self, environment: Environment, cart: str, quantity: int) -> None:
        filled = self._put(environment, f"/{self.name}/cart/{cart}", {"items": {"tea": quantity}})
        assert filled["items"]["tea"]["quantity"] == quantity

    def order(self, environment: Environment, cart: str) -> Any:
        """Place the order at what it costs now."""
        path = f"/{self.name}/checkout/{cart}"
        return self._put(environment, path, {"agreed": json.loads(self.get(environment, path))["total"]})

    def orders(self, environment: Environment) -> int:
        return int(json.loads(self.get(environment, f"/{self.name}/checkout"))["orders"])

    def _put(self, environment: Environment, path: str, body: object) -> Any:
        request = urllib.request.Request(self.url(environment, path), json.dumps(body).encode(), method="PUT")  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return json.load(response)

    def details(self, document: Any) -> dict[str, str]:
        return {stage["name"]: stage["detail"] for stage in document["stages"]}


@pytest.fixture(scope="module")
def shop(
    onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """Released: first the datastore and the catalog, then the cart and the checkout, which read both."""
    name = f"t{uuid4().hex[:8]}"
    with removed_afterwards(stack_settings, name):
        driver = ensure_shop_database(stack_settings, name, print)
        repository = tmp_path_factory.mktemp("shop") / "repository"
        shop = Shop(onward, stack_settings, repository, name, driver=driver, suites=("orders-db", "cart"))
        early = onward.run(*shop.words("cart"), "--json")
        assert early.exit_code == 1
        assert f"release {name}-orders-db first" in early.document["failure"]["message"]
        shop.release_together("orders-db", "catalog")
        shop.write("cart/.released", "after the datastore")
        for reader in shop.release_together("cart", "checkout"):
            assert " created, 2 replicas, migrated" in shop.details(reader)["deploy prod"]
        yield shop


def test_a_datastore_is_updated_only_over_a_whole_backup_and_keeps_its_data_although_workers_die_in_the_middle(
    shop: Shop, stack_settings: StackSettings, engine: DockerClient
) -> None:
    shop.fill(Environment.PROD, "first", 12)
    placed = shop.order(Environment.PROD, "first")
    assert placed["lines"][0]["quantity"] == 12
    assert shop.orders(Environment.PROD) == 1
    before = shop.deployed("orders-db")["ci"]
    good = (shop.repository / DEFINITION).read_text()
    failing = '  backup: {command: [sh, -c, "echo full >&2; exit 2"]}\n'
    shop.write(DEFINITION, good.partition("  backup:")[0] + failing)

    failed = shop.release("orders-db", exit_code=1)

    assert (failed["failure"]["stage"], failed["failure"]["kind"]) == ("deploy ci", "BackupFailed")
    assert "ended with exit code 2: full" in failed["failure"]["message"]
    assert shop.deployed("orders-db")["ci"]["commit"] == before["commit"]

    slow = 'backup: {command: [sh, -c, "pg_dumpall --host=/tmp --username=postgres && sleep 4"]}'
    mended = shop.write(DEFINITION, good.replace(BACKUP, slow))
    name = f"prod-{shop.name}-orders-db"
    with backups_made(stack_settings, f"ci-{shop.name}-orders-db") as made:
        fix = shop.onward.start(*shop.fix_words("orders-db", mended), "--json")
        until(lambda: made["backup"] > 0)
        time.sleep(1)
        killed(stack_settings, "worker-ci")
        until(lambda: number_of(engine, name) > 1)
        killed(stack_settings, "worker-prod")
        document = shop.ended(fix)

    number = document["number"]
    assert document["status"] == "verified"
    assert made["backup"] == 2, "the half one of the worker that was killed is not taken for whole"
    until(lambda: shop.carts(Environment.PROD, "/first")["items"]["tea"]["quantity"] == 12)
    until(lambda: shop.orders(Environment.PROD) == 1)
    assert shop.order(Environment.PROD, "first") == placed, "it was placed already"
    for environment in ENVIRONMENTS:
        own = backup_bucket(stack_settings.name, environment)
        bucket = bucket_of(stack_settings, engine, duty_of(environment), own)
        service = ServiceId(application=shop.name, role="orders-db")
        record = json.loads(bucket.get(keys.backup_key(environment, service, number)))
        content = bucket.get(bucket.key(record["uri"]))
        assert (len(content), f"sha256:{sha256(content).hexdigest()}") == (record["size"], record["digest"])
        assert b"CREATE TABLE cart.carts" in content
        assert f"backup of #{record['of']}: " in shop.details(document)[f"deploy {environment}"]
    assert b'first\t{"tea": 12}' in content, "prod's own data"
    until(lambda: disks(stack_settings, shop) == set(ENVIRONMENTS))
    volume = engine.volumes.get(name)
    assert volume.attrs["Labels"][Label.STACK] == stack_settings.name


def test_a_migration_that_fails_halts_before_any_task_is_replaced_and_one_whose_worker_is_killed_runs_once(
    shop: Shop, stack_settings: StackSettings, engine: DockerClient
) -> None:
    before = tasks(engine, f"ci-{shop.name}-cart")
    shop.change(MIGRATION, FIRST_STEP, f'{FIRST_STEP}    "ALTER TABLE nowhere ADD note text",\n')

    failed = shop.release("cart", exit_code=1)

    assert (failed["failure"]["stage"], failed["failure"]["kind"]) == ("deploy ci", "MigrationFailed")
    assert failed["roll_forward"] == f"roll-forward:{shop.name}-cart"
    assert tasks(engine, f"ci-{shop.name}-cart") == before
    assert "carts" in shop.carts(Environment.CI), "what served goes on serving"
    output = shop.onward.run("logs", failed["release"], "--step", "migrate-ci").stdout
    assert 'relation "nowhere" does not exist' in output

    slow = '    __import__("time").sleep(8)\n    connection.commit()\n'
    shop.change(MIGRATION, "    connection.commit()\n", slow)
    mended = shop.change(MIGRATION, "ALTER TABLE nowhere", "ALTER TABLE cart.carts")
    with migrations_made(stack_settings, shop) as made:
        fix = shop.onward.start(*shop.fix_words("cart", mended), "--json")
        until(lambda: made["ci"] == 1)
        time.sleep(3)
        killed(stack_settings, "worker-ci")
        document = shop.ended(fix)

    assert document["status"] == "verified"
    assert made == {"ci": 1, "prod": 1}
    assert ", migrated" in shop.details(document)["deploy ci"]


def number_of(engine: DockerClient, service: str) -> int:
    """Which release an environment was asked for."""
    found = SwarmServices(engine).find(service)
    assert found is not None
    return int(found["Spec"]["Labels"][Label.NUMBER])


def disks(settings: StackSettings, shop: Shop) -> set[str]:
    """The environments whose worker tells Prometheus of the datastore's disk."""
    series = f'onward_datastore_disk_free_bytes{{application="{shop.name}",role="orders-db"}} > 0'
    answer = requests.get(f"{prometheus_url(settings)}/api/v1/query", params={"query": series}, timeout=10)
    return {each["metric"]["environment"] for each in answer.json()["data"]["result"]}


def tasks(engine: DockerClient, service: str) -> set[str]:
    """The containers of a service that run."""
    label = f"com.docker.swarm.service.name={service}"
    return {str(container.id) for container in engine.containers.list(filters={"label": label})}


def migrations_made(settings: StackSettings, shop: Shop) -> EngineEvents:
    """How often the container of a migration is made in each environment."""

    def name(told: Any) -> str:
        ours = told.get(Label.APPLICATION) == shop.name and told.get(Label.KIND) == "migration"
        return str(told[Label.ENVIRONMENT]) if ours else ""

    return EngineEvents(settings, {"type": "container", "event": "create"}, name)


def backups_made(settings: StackSettings, service: str) -> EngineEvents:
    """How often a backup command begins in a datastore; its health checks are commands, too."""

    def name(told: Any) -> str:
        ours = told.get("com.docker.swarm.service.name") == service
        return "backup" if ours and "pg_dumpall" in told["action"] else ""

    return EngineEvents(settings, {"type": "container", "event": "exec_start"}, name)

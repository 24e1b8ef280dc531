"""Who may do what in the buckets of backups, on the stack's own S3: the duty of the environment, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from configparser import ConfigParser
from functools import partial

import pytest
from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from domain.errors import InvalidInput
from domain.identity import Duty, ServiceId, backup_bucket, duty_of
from domain.keys import backup_key
from settings import StackSettings
from stack.credentials import Credentials
from stack.down import down
from stack.engine import bridge_gateway
from stack.places import StateDirectory
from stack.servers import BUCKET, s3_access
from stores.s3 import S3ObjectStore
from tests.stack.conftest import NewStack, quiet, started

pytestmark = pytest.mark.server

SERVICE = ServiceId(application="shop", role="orders-db")


class Kept:
    """A stack with a backup in the bucket of each environment, and everybody's key."""

    def __init__(self, settings: StackSettings, engine: DockerClient) -> None:
        self._settings = settings
        self._gateway = bridge_gateway(engine)
        self._credentials = Credentials(StateDirectory(settings).keys, settings.name, BUCKET)
        for environment in ENVIRONMENTS:
            self.store(duty_of(environment), environment).put(self.key(environment), b"the data")

    def key(self, environment: Environment) -> str:
        return backup_key(environment, SERVICE, 1)

    def store(self, duty: Duty, environment: Environment) -> S3ObjectStore:
        """The bucket of an environment's backups with the key of a duty."""
        access = s3_access(self._settings, self._credentials, self._gateway, duty)
        return S3ObjectStore(**access, bucket=backup_bucket(self._settings.name, environment))

    def of_services(self, whose: Environment, environment: Environment) -> S3ObjectStore:
        """The same with the key of the services of an environment."""
        parsed = ConfigParser()
        parsed.read_string(self._credentials.task_credentials(whose))
        own = dict(parsed["default"])
        access = s3_access(self._settings, self._credentials, self._gateway, Duty.CI)
        access["access_key"], access["secret_key"] = own["aws_access_key_id"], own["aws_secret_access_key"]
        return S3ObjectStore(**access, bucket=backup_bucket(self._settings.name, environment))

    def may(self, store: S3ObjectStore, environment: Environment) -> set[str]:
        """What a key may do there."""
        key = self.key(environment)
        tried: dict[str, Callable[[], object]] = {
            "read": lambda: store.read(key),
            "list": lambda: list(store.keys("")),
            "write": lambda: store.put(key, b"other data"),
            "write another": lambda: store.put("logs/a/1/a.log", b"other data"),
        }
        return {what for what, attempt in tried.items() if _allowed(attempt)}


def _allowed(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except InvalidInput as error:
        if "is not allowed" not in str(error):
            raise
        return False
    return True


def test_an_environments_backups_are_its_own_dutys_alone(new_stack: NewStack, engine: DockerClient) -> None:
    settings = new_stack()
    started(settings, ("s3",))
    kept = Kept(settings, engine)
    everything = {"read", "list", "write", "write another"}

    for environment in ENVIRONMENTS:
        for duty in (Duty.BUILD, Duty.CI, Duty.PROD):
            expected = everything if duty is duty_of(environment) else set()
            assert kept.may(kept.store(duty, environment), environment) == expected, (environment, duty)
        for whose in ENVIRONMENTS:
            assert kept.may(kept.of_services(whose, environment), environment) == set(), (environment, whose)
    with pytest.raises(KeyError):  # it has no key of S3 at all
        kept.store(Duty.ORCHESTRATE, Environment.PROD)


def test_they_outlive_down_and_go_with_a_purge(new_stack: NewStack, engine: DockerClient) -> None:
    settings = new_stack()
    started(settings, ("s3",))
    kept = Kept(settings, engine)
    down(settings, False, quiet)
    started(settings, ("s3",))
    store = kept.store(Duty.PROD, Environment.PROD)
    assert store.get(kept.key(Environment.PROD)) == b"the data"

    down(settings, True, quiet)

    assert not settings.state.exists()
    started(settings, ("s3",))
    again = Credentials(StateDirectory(settings).keys, settings.name, BUCKET)
    access = s3_access(settings, again, bridge_gateway(engine), Duty.PROD)
    assert list(S3ObjectStore(**access, bucket=store.bucket).keys("")) == []


def test_an_environments_duty_cannot_use_the_buckets_of_another_one(new_stack: NewStack, engine: DockerClient) -> None:
    """Nor those of its services: what they keep is the environment's, too."""
    settings = new_stack()
    started(settings, ("s3",))
    credentials = Credentials(StateDirectory(settings).keys, settings.name, BUCKET)
    gateway = bridge_gateway(engine)

    def store(duty: Duty, bucket: str) -> S3ObjectStore:
        return S3ObjectStore(**s3_access(settings, credentials, gateway, duty), bucket=bucket)

    for duty, other in ((Duty.CI, Duty.PROD), (Duty.PROD, Duty.CI)):
        own = store(duty, f"{duty}-shop-receipts")
        own.ensure_bucket()
        own.put("a-b", b"one")
        assert own.get("a-b") == b"one"
        foreign = store(other, f"{duty}-shop-receipts")
        assert not _allowed(partial(foreign.read, "a-b"))
        assert not _allowed(lambda: list(foreign.keys("")))  # noqa: B023 – called at once
        assert not _allowed(partial(foreign.put, "c", b""))

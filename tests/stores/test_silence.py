"""Stores and engines that people ask: whichever way a server is away, its name comes before a lookup ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from docker import DockerClient

from domain.artifact import digest_of
from domain.errors import Unreachable
from domain.identity import Duty
from engines import docker_api
from stores import registry
from stores.registry import OciRegistry
from stores.s3 import S3ObjectStore
from stores.s3_client import BRISK, PATIENT
from tests.silence import closed_port, dropping_port, silent_port
from workflows import policies

WAYS = [closed_port, silent_port, dropping_port]

#: Seconds that a lookup's activity has.
ACTIVITY = policies.lookup(Duty.CI, "")["start_to_close_timeout"].total_seconds()  # type: ignore[union-attr]

Way = Callable[[], AbstractContextManager[int]]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    way: Way = request.param
    with way() as found:
        yield found


def _says(ask: Callable[[], object], text: str) -> None:
    start = time.monotonic()
    with pytest.raises(Unreachable, match=text):
        ask()
    assert time.monotonic() - start < ACTIVITY


def test_s3_is_named(port: int) -> None:
    endpoint = f"http://127.0.0.1:{port}"
    store = S3ObjectStore(endpoint=endpoint, bucket="b", access_key="a", secret_key="s", region="r", limits=BRISK)

    _says(lambda: store.read("key"), f"S3 at {endpoint} does not answer")


def test_the_registry_is_named(port: int) -> None:
    store = OciRegistry(f"127.0.0.1:{port}", tls=False)
    reference = store.reference("shop/cart", digest_of(b"image"))

    _says(lambda: store.holds(reference), f"image registry at 127.0.0.1:{port} does not answer")


def test_the_engine_is_named_when_a_worker_connects(port: int) -> None:
    _says(lambda: docker_api.connect(f"tcp://127.0.0.1:{port}"), f"Docker Engine at tcp://127.0.0.1:{port} does not")


def test_an_engine_that_goes_silent_is_named() -> None:
    with silent_port() as port:
        client = DockerClient(base_url=f"tcp://127.0.0.1:{port}", version="1.41", timeout=docker_api.BRISK)

        def services() -> object:
            with docker_api.translated(docker_api.address_of(client)):
                return client.ping()

        _says(services, f"Docker Engine at http://127.0.0.1:{port} does not answer")
        client.close()


def test_who_writes_has_the_time_that_a_lost_race_takes() -> None:
    assert PATIENT.answer > 17
    assert policies.RETRY.maximum_attempts == 0


def test_every_limit_of_a_lookup_is_below_the_one_around_it() -> None:
    """Else the outer one speaks first, and does not know which server was silent."""
    pause = 1
    assert BRISK.answer * BRISK.attempts + pause < ACTIVITY
    assert BRISK.connect * BRISK.attempts + pause < ACTIVITY
    assert max(registry.TIMEOUT) < ACTIVITY
    assert docker_api.BRISK < ACTIVITY
    assert policies.ANSWER_WITHIN.total_seconds() > ACTIVITY

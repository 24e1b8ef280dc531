"""S3ObjectStore: races, lost replies, and servers that are not there."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from domain.artifact import digest_of
from domain.errors import Conflict, InvalidInput, NotFound, Unreachable
from stores.s3 import TRANSFER, S3ObjectStore
from tests.free_ports import free_ports
from tests.servers import S3Server
from tests.stores.conftest import MakeStore
from tests.stores.lossy_proxy import lossy_proxy

pytestmark = pytest.mark.server

WRITERS = 20


def _race(write: Callable[[bytes], None]) -> list[bytes]:
    """What those wrote who were told that they had won. Who is told nothing asks again, as Temporal does."""

    def attempt(content: bytes) -> bytes | None:
        while True:
            with suppress(Unreachable):
                try:
                    write(content)
                except Conflict:
                    return None
                return content

    with ThreadPoolExecutor(WRITERS) as pool:
        outcomes = pool.map(attempt, [f"writer {number}".encode() for number in range(WRITERS)])
    return [content for content in outcomes if content is not None]


def test_one_of_many_writers_creates(make_store: MakeStore) -> None:
    store = make_store()
    winners = _race(lambda content: store.create("a", content))

    assert winners == [store.get("a")]


def test_one_of_many_writers_replaces(make_store: MakeStore) -> None:
    store = make_store()
    store.put("a", b"before")
    before = store.read("a")
    assert before is not None
    winners = _race(lambda content: store.replace("a", content, before.etag))

    assert winners == [store.get("a")]


def test_a_write_whose_reply_is_lost_has_happened(make_store: MakeStore, s3: S3Server) -> None:
    replies = count()
    with lossy_proxy(s3.endpoint, loses=lambda: next(replies) % 2 == 0) as endpoint:
        store = make_store(endpoint=endpoint)
        store.create("a", b"first")
        found = store.read("a")
        assert found is not None
        store.replace("a", b"second", found.etag)
        with pytest.raises(Conflict):
            store.replace("a", b"third", found.etag)
        with pytest.raises(Conflict):
            store.create("a", b"fourth")

    assert next(replies) > 8
    assert make_store().get("a") == b"second"


def test_one_of_many_writers_wins_while_replies_are_lost(make_store: MakeStore, s3: S3Server) -> None:
    replies = count()
    with lossy_proxy(s3.endpoint, loses=lambda: next(replies) % 5 == 0) as endpoint:
        store = make_store(endpoint=endpoint)
        winners = _race(lambda content: store.create("a", content))

    assert winners == [make_store().get("a")]


def test_no_reply_at_all_is_unreachable(make_store: MakeStore, s3: S3Server) -> None:
    with lossy_proxy(s3.endpoint, loses=lambda: True) as endpoint, pytest.raises(Unreachable, match="S3 at "):
        make_store(endpoint=endpoint).create("a", b"content")


def _elapsed(store: S3ObjectStore) -> float:
    begin = time.monotonic()
    with pytest.raises(Unreachable, match=r"S3 at http://\S+ does not answer: \w"):
        store.read("a")
    return time.monotonic() - begin


def test_a_server_that_is_down_is_soon_unreachable(make_store: MakeStore) -> None:
    assert _elapsed(make_store(endpoint=f"http://127.0.0.1:{free_ports(1)[0]}")) < 10


def test_a_server_that_takes_no_connection_is_soon_unreachable(make_store: MakeStore) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        # The first two fill its queue; of the next one it drops what it gets, as a firewall does.
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            assert _elapsed(make_store(endpoint=f"http://127.0.0.1:{address[1]}")) < 10


@pytest.mark.parametrize("wrong", [{"access_key": "nobody"}, {"secret_key": "not-the-secret"}])
def test_wrong_keys_are_said_and_not_shown(make_store: MakeStore, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="does not know the keys") as caught:
        make_store(**wrong).read("a")

    assert not any(value in str(caught.value) for value in [*wrong.values(), "onward-test"])


def test_a_bucket_that_is_not_there_is_named(s3: S3Server) -> None:
    store = S3ObjectStore(
        endpoint=s3.endpoint, bucket="nowhere", access_key=s3.access_key, secret_key=s3.secret_key, region=s3.region
    )
    assert not store.is_there()
    with pytest.raises(NotFound, match="the bucket of s3://nowhere/a is not there"):
        store.get("a")


def test_a_bucket_is_made_once(make_store: MakeStore) -> None:
    assert make_store().is_there()
    make_store().put("a", b"content")
    make_store().ensure_bucket()

    assert make_store().get("a") == b"content"


def test_a_large_file_goes_in_parts(make_store: MakeStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    content = b"0123456789abcdef" * (TRANSFER.multipart_threshold // 16 + 1)
    source.write_bytes(content)
    store = make_store()
    store.create_file("a", source, digest_of(content))
    store.fetch_file("a", target, digest_of(content))

    found = store.read("a")
    assert found is not None
    assert "-" in found.etag
    assert target.read_bytes() == content

"""What every object store must do: the real one, and the one in memory that other tests use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.artifact import digest_of
from domain.errors import BackupFailed, Conflict, InvalidInput, NotFound, Untrusted
from domain.storage import ObjectStore, Streamed
from tests.fakes.stores import MemoryObjectStore
from tests.stores.conftest import MakeStore


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "memory":
        return MemoryObjectStore()
    make: MakeStore = request.getfixturevalue("make_store")
    return make()


def test_what_was_put_is_read(store: ObjectStore) -> None:
    store.put("a/b", b"content")

    assert store.get("a/b") == b"content"


def test_what_is_not_there_is_none_or_not_found(store: ObjectStore) -> None:
    assert store.read("a") is None
    with pytest.raises(NotFound, match=r"\ba\b"):
        store.get("a")


def test_a_uri_leads_back_to_its_key(store: ObjectStore) -> None:
    assert store.key(store.uri("a/b")) == "a/b"
    for foreign in ("s3://elsewhere/a/b", "https://example.org/a/b", "a/b"):
        with pytest.raises(InvalidInput):
            store.key(foreign)


def test_a_stream_is_written_whole_with_its_size_and_digest(store: ObjectStore) -> None:
    pieces = [bytes([number]) * 1_000_003 for number in range(40)]
    content = b"".join(pieces)

    streamed = store.put_stream("a", iter(pieces))

    assert streamed == Streamed(size=len(content), digest=digest_of(content))
    assert store.get("a") == content
    assert store.put_stream("b", iter([b"", b"x", b""])) == Streamed(size=1, digest=digest_of(b"x"))
    assert store.put_stream("c", iter([])).size == 0


def test_a_stream_is_read_where_it_was_given(store: ObjectStore) -> None:
    """Who reads it there can be cancelled: an activity knows of a cancel in its own thread only."""
    readers = set()

    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            readers.add(threading.get_ident())
            yield b"x" * 10_000_000

    store.put_stream("a", pieces())

    assert readers == {threading.get_ident()}


@pytest.mark.parametrize("size", [10, 40_000_000])
def test_a_stream_that_breaks_off_leaves_nothing(store: ObjectStore, size: int) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * size
        raise BackupFailed("it broke off")

    with pytest.raises(BackupFailed, match="it broke off"):
        store.put_stream("a", broken())

    assert not store.holds("a")


def test_create_writes_once(store: ObjectStore) -> None:
    store.create("a", b"first")
    store.create("a", b"first")
    with pytest.raises(Conflict):
        store.create("a", b"second")

    assert store.get("a") == b"first"


def test_replace_needs_what_was_read(store: ObjectStore) -> None:
    store.replace("a", b"first", None)
    stale = store.read("a")
    assert stale is not None
    store.replace("a", b"second", stale.etag)
    for etag in (stale.etag, None):
        with pytest.raises(Conflict):
            store.replace("a", b"third", etag)

    assert store.get("a") == b"second"


def test_replace_of_what_is_gone_is_a_conflict(store: ObjectStore) -> None:
    store.put("a", b"content")
    found = store.read("a")
    assert found is not None
    with pytest.raises(Conflict):
        store.replace("b", b"other", found.etag)


def test_replace_with_what_is_there_already_is_no_conflict(store: ObjectStore) -> None:
    store.replace("a", b"first", None)
    stale = store.read("a")
    assert stale is not None
    store.replace("a", b"second", stale.etag)
    store.replace("a", b"second", stale.etag)


def test_a_file_comes_back_as_it_was(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"\0bytes")
    digest = digest_of(b"\0bytes")
    store.create_file("a", source, digest)
    store.create_file("a", source, digest)
    store.fetch_file("a", target, digest)

    assert target.read_bytes() == b"\0bytes"


def test_a_file_that_changed_is_neither_sent_nor_fetched(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"changed")
    with pytest.raises(Untrusted):
        store.create_file("a", source, digest_of(b"original"))
    assert store.read("a") is None

    store.put("a", b"changed")
    with pytest.raises(Untrusted):
        store.fetch_file("a", target, digest_of(b"original"))
    assert not target.exists()
    with pytest.raises(NotFound):
        store.fetch_file("b", target, digest_of(b"original"))
    assert not target.exists()


def test_a_file_that_was_cut_short_is_sent_again(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"original")
    store.put("a", b"orig")
    store.create_file("a", source, digest_of(b"original"))
    store.fetch_file("a", target, digest_of(b"original"))

    assert target.read_bytes() == b"original"


def test_other_bytes_of_the_same_size_are_left_for_the_reader_to_refuse(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"original")
    store.put("a", b"changed!")
    store.create_file("a", source, digest_of(b"original"))

    with pytest.raises(Untrusted):
        store.fetch_file("a", tmp_path / "target", digest_of(b"original"))


def test_it_says_what_it_holds(store: ObjectStore) -> None:
    store.put("a", b"")

    assert store.holds("a")
    assert not store.holds("b")


def test_keys_come_in_order(store: ObjectStore) -> None:
    for key in ("logs/b", "logs/a/2", "logs/a/10", "other"):
        store.put(key, b"")

    assert list(store.keys("logs/")) == ["logs/a/10", "logs/a/2", "logs/b"]

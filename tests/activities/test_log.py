"""StepLog: the output of a step in the object store, while it runs and bounded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from activities.log import HEAD_LIMIT, TAIL_LIMIT, StepLog
from domain.errors import Unreachable
from tests.fakes.stores import MemoryObjectStore


def test_what_was_written_is_kept_when_it_is_flushed() -> None:
    store = MemoryObjectStore()
    log = StepLog(store, "logs/a.log")

    log.write("one")
    log.flush()
    log.write("two")
    log.flush()

    assert store.objects["logs/a.log"] == b"one\ntwo\n"


def test_nothing_is_written_when_nothing_came() -> None:
    store = MemoryObjectStore()
    log = StepLog(store, "logs/a.log")
    log.write("one")

    log.flush()
    log.flush()
    log.flush_if_due()

    assert store.writes == ["logs/a.log"]


def test_of_a_huge_output_the_head_and_the_tail_are_kept() -> None:
    store = MemoryObjectStore()
    log = StepLog(store, "logs/a.log")
    line = "x" * 999

    log.write("first")
    for _ in range(12_000):
        log.write(line)
    log.write("last")
    log.flush()

    kept = store.objects["logs/a.log"]
    assert len(kept) < HEAD_LIMIT + TAIL_LIMIT + HEAD_LIMIT + 2000
    assert kept.startswith(b"first\n")
    assert kept.endswith(b"last\n")
    assert b"bytes left out" in kept


def test_output_that_is_no_text_does_no_harm() -> None:
    store = MemoryObjectStore()
    log = StepLog(store, "logs/a.log")

    log.write("\udcff")
    log.flush()

    assert store.objects["logs/a.log"] == b"?\n"


class FailingStore(MemoryObjectStore):
    """Does not take the first write."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 1

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        if self.failures:
            self.failures -= 1
            raise Unreachable("S3", "memory", "connection refused")
        super().put(key, content, content_type)


def test_what_a_flush_could_not_write_the_next_one_writes() -> None:
    store = FailingStore()
    log = StepLog(store, "logs/a.log")
    log.write("one")

    with pytest.raises(Unreachable):
        log.flush()
    log.flush()

    assert store.objects["logs/a.log"] == b"one\n"


class SlowStore(MemoryObjectStore):
    """Its first write stands still until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        if not self.begun.is_set():
            self.begun.set()
            self.go_on.wait(30)
        super().put(key, content, content_type)


def test_a_slow_flush_never_lands_on_a_later_one() -> None:
    store = SlowStore()
    log = StepLog(store, "logs/a.log")
    log.write("one")
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(log.flush)
        assert store.begun.wait(30)
        log.write("two")
        last = pool.submit(log.flush)
        with suppress(TimeoutError):
            last.result(0.2)
        store.go_on.set()
        slow.result(30)
        last.result(30)

    assert store.objects["logs/a.log"] == b"one\ntwo\n"

"""StepLog: the output of a step in the object store, while it runs and bounded."""

from __future__ import annotations

from activities.log import HEAD_LIMIT, TAIL_LIMIT, StepLog
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

"""Heartbeat: lines arrive, and a cancel ends what blocks."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from temporalio import activity
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from activities.heartbeat import Heartbeat


def _cancel_after(environment: ActivityEnvironment, seconds: float) -> None:
    threading.Timer(seconds, environment.cancel).start()


def test_the_last_line_is_the_heartbeats_detail() -> None:
    environment = ActivityEnvironment()
    lines: list[object] = []
    environment.on_heartbeat = lambda *details: lines.extend(details)

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat() as progress:
            progress.say("step 1")
            progress.say("step 2")
            time.sleep(0.7)

    environment.run(work)

    assert lines[-1] == "step 2"


def test_what_earlier_attempts_have_done_is_in_every_beat_until_more_is_done() -> None:
    """Or an attempt that fails at once would lose it for the next one."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_details=["baking", 2400.0])
    beats: list[tuple[object, ...]] = []
    environment.on_heartbeat = lambda *details: beats.append(details)

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> float:
        with Heartbeat() as progress:
            return progress.kept

    assert environment.run(work) == 2400
    assert beats
    assert {beat[1:] for beat in beats} == {(2400.0,)}


def test_a_cancel_ends_a_wait_at_once() -> None:
    environment = ActivityEnvironment()

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat() as progress:
            progress.wait(60)

    _cancel_after(environment, 0.2)
    start = time.monotonic()
    with pytest.raises(CancelledError):
        environment.run(work)
    assert time.monotonic() - start < 10


def test_a_cancel_closes_what_the_work_blocks_on_and_is_what_is_raised() -> None:
    environment = ActivityEnvironment()
    closed = threading.Event()

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat() as progress, progress.closing(closed.set):
            closed.wait(60)
            raise ConnectionError("the stream was closed")

    _cancel_after(environment, 0.2)
    with pytest.raises(CancelledError):
        environment.run(work)
    assert closed.is_set()


def test_an_error_without_a_cancel_stays_what_it_is() -> None:
    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat():
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        ActivityEnvironment().run(work)


class _Beats:
    """The moments of an activity's heartbeats."""

    def __init__(self, environment: ActivityEnvironment) -> None:
        self.moments: list[float] = []
        environment.on_heartbeat = lambda *_: self.moments.append(time.monotonic())

    def await_more(self, count: int) -> None:
        """Block until so many came after now."""
        wanted, end = len(self.moments) + count, time.monotonic() + 30
        while len(self.moments) < wanted:
            assert time.monotonic() < end, "the heartbeats stopped"
            time.sleep(0.05)


def test_it_beats_on_and_flushes_again_when_a_flush_fails() -> None:
    environment = ActivityEnvironment()
    beats, attempts = _Beats(environment), threading.Semaphore(0)

    def flush() -> None:
        attempts.release()
        raise ConnectionError("no store")

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> str:
        with Heartbeat(every=flush):
            assert attempts.acquire(timeout=30)
            assert attempts.acquire(timeout=30)
            beats.await_more(2)
        return "done"

    assert environment.run(work) == "done"


def test_it_beats_and_hears_a_cancel_while_a_flush_blocks() -> None:
    environment = ActivityEnvironment()
    beats, blocked, closed = _Beats(environment), threading.Event(), threading.Event()

    def flush() -> None:
        blocked.wait(60)

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat(every=flush) as progress:
            try:
                beats.await_more(3)
                with progress.closing(closed.set):
                    environment.cancel()
                    assert closed.wait(30)
                    progress.say("still here")
            finally:
                blocked.set()

    with pytest.raises(CancelledError):
        environment.run(work)


def test_it_beats_until_the_flush_that_is_under_way_has_ended() -> None:
    environment = ActivityEnvironment()
    beats, begun, blocked = _Beats(environment), threading.Event(), threading.Event()

    def flush() -> None:
        begun.set()
        blocked.wait(60)

    def release() -> None:
        beats.await_more(3)
        blocked.set()

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat(every=flush):
            begun.wait(30)
            threading.Thread(target=release).start()

    environment.run(work)
    assert blocked.is_set()


def test_what_cannot_be_closed_keeps_nothing_else_from_being_closed() -> None:
    environment = ActivityEnvironment()
    closed = threading.Event()

    def fail() -> None:
        raise OSError("not connected")

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat() as progress, progress.closing(fail), progress.closing(closed.set):
            environment.cancel()
            assert closed.wait(30)
            progress.say("still here")

    with pytest.raises(CancelledError):
        environment.run(work)


def test_what_is_begun_after_a_cancel_was_heard_is_not_begun() -> None:
    environment = ActivityEnvironment()
    first, begun = threading.Event(), []

    @activity.defn(no_thread_cancel_exception=True)
    def work() -> None:
        with Heartbeat() as progress:
            with progress.closing(first.set):
                environment.cancel()
                assert first.wait(30)
            with progress.closing(lambda: None):
                begun.append("nobody would close it")

    with pytest.raises(CancelledError):
        environment.run(work)
    assert not begun

"""Heartbeat: lines arrive, and a cancel ends what blocks."""

from __future__ import annotations

import threading
import time

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

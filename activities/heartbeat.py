"""Progress of an activity: heartbeats from a side thread, and a cancel that arrives at once."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from temporalio import activity
from temporalio.exceptions import CancelledError

#: Half a second keeps a cancel's latency below the heartbeat throttle (0.8 × 3 s).
INTERVAL = 0.5
LINE_LIMIT = 400


class Heartbeat:
    """A :class:`domain.progress.Progress` for a thread activity, used as a context manager.

    The activity is declared with ``no_thread_cancel_exception``: nothing is thrown into the
    middle of a write. A cancel closes what :meth:`closing` was given, and is raised by the next
    :meth:`say` or :meth:`wait`, or when the block is left with an error that the closing caused.

    :param every: called about twice a second in the side thread, to flush a log.
    """

    def __init__(self, every: Callable[[], None] = lambda: None) -> None:
        self._line = ""
        self._every = every
        self._closers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._beat,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()
        if error is not None and activity.is_cancelled():
            raise CancelledError("cancelled") from error

    def say(self, line: str) -> None:
        """Keep the line as the heartbeat's detail."""
        self._line = line[:LINE_LIMIT] or self._line
        self._raise_if_cancelled()

    def wait(self, seconds: float) -> None:
        """Sleep, or raise the cancellation."""
        activity.wait_for_cancelled_sync(seconds)
        self._raise_if_cancelled()

    @contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        """Have ``close`` called by the side thread when the activity is cancelled."""
        with self._lock:
            self._closers.append(close)
        try:
            yield
        finally:
            with self._lock:
                self._closers.remove(close)

    def _raise_if_cancelled(self) -> None:
        if activity.is_cancelled():
            raise CancelledError("cancelled")

    def _beat(self) -> None:
        closed = False
        while not self._done.is_set():
            activity.heartbeat(self._line)
            self._every()
            if activity.is_cancelled() and not closed:
                closed = True
                with self._lock:
                    closers = list(self._closers)
                for close in closers:
                    close()
            self._done.wait(INTERVAL)

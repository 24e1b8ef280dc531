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
    :meth:`say`, :meth:`wait` or :meth:`closing`, or when the block is left with an error that the
    closing caused.

    :param every: called about twice a second, one call after the other, to flush a log. It has a
        thread of its own, so that a store that is slow or fails costs no beat and no cancel.
    """

    def __init__(self, every: Callable[[], None] = lambda: None) -> None:
        self._line = ""
        details = activity.info().heartbeat_details
        self._kept: float | None = float(details[1]) if len(details) > 1 else None
        self._every = every
        self._closers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._work_done = threading.Event()
        self._flushed = threading.Event()
        self._flushing = _side_thread(self._flush)
        self._beating = _side_thread(self._beat)

    def __enter__(self) -> Self:
        self._beating.start()
        self._flushing.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._work_done.set()
        self._flushing.join()  # still beating: a flush that is under way may take longer than the heartbeat timeout
        self._flushed.set()
        self._beating.join()
        if error is not None and activity.is_cancelled():
            raise CancelledError("cancelled") from error

    def say(self, line: str) -> None:
        """Keep the line as the heartbeat's detail."""
        self._line = line[:LINE_LIMIT] or self._line
        self._raise_if_cancelled()

    def keep(self, done: float) -> None:
        """Keep how much is done for an attempt that goes on after this one, however soon that ends."""
        self._kept = done

    @property
    def kept(self) -> float:
        """How much was done; at first by earlier attempts, and 0 when they kept nothing."""
        return self._kept or 0.0

    def wait(self, seconds: float) -> None:
        """Sleep, or raise the cancellation."""
        activity.wait_for_cancelled_sync(seconds)
        self._raise_if_cancelled()

    @contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        """Have ``close`` called by the side thread when the activity is cancelled, or raise if it is already."""
        with self._lock:
            self._closers.append(close)
        try:
            self._raise_if_cancelled()
            yield
        finally:
            with self._lock:
                self._closers.remove(close)

    def _raise_if_cancelled(self) -> None:
        if activity.is_cancelled():
            raise CancelledError("cancelled")

    def _beat(self) -> None:
        closed = False
        while not self._flushed.is_set():
            activity.heartbeat(self._line, *([] if self._kept is None else [self._kept]))
            if activity.is_cancelled() and not closed:
                closed = True
                self._close()
            self._flushed.wait(INTERVAL)

    def _close(self) -> None:
        with self._lock:
            closers = list(self._closers)
        for close in closers:
            try:
                close()
            except Exception as error:  # noqa: BLE001 – the others are to be closed, and the beats to go on
                activity.logger.warning("cannot be closed for a cancel: %s", error)

    def _flush(self) -> None:
        while not self._work_done.is_set():
            try:
                self._every()
            except Exception as error:  # noqa: BLE001 – the work goes on; the next flush takes along what this one had
                activity.logger.warning("not flushed, to be tried again: %s", error)
            self._work_done.wait(INTERVAL)


def _side_thread(target: Callable[[], None]) -> threading.Thread:
    """A thread that is in the activity's context, too."""
    return threading.Thread(target=contextvars.copy_context().run, args=(target,), daemon=True)

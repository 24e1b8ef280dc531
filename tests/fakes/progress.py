"""Progress that nobody watches, and one that is cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext


class SilentProgress:
    """A :class:`domain.progress.Progress` that is never cancelled; it keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def closing(self, close: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class Cancelled(Exception):
    """Raised where work learns that it was cancelled."""


class CancelledProgress:
    """A :class:`domain.progress.Progress` that is cancelled once a line holds ``mark``."""

    def __init__(self, mark: str) -> None:
        self.lines: list[str] = []
        self._mark = mark
        self._closers: list[Callable[[], None]] = []
        self._cancelled = threading.Event()

    def say(self, line: str) -> None:
        self._raise_if_cancelled()
        self.lines.append(line)
        if self._mark in line:
            # Later and from another thread, as a heartbeat does: whoever said it is blocked by then.
            threading.Timer(0.5, self._cancel).start()

    @contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        self._closers.append(close)
        try:
            self._raise_if_cancelled()
            yield
        finally:
            self._closers.remove(close)

    def wait(self, seconds: float) -> None:
        self._cancelled.wait(seconds)
        self._raise_if_cancelled()

    def _cancel(self) -> None:
        self._cancelled.set()
        for close in list(self._closers):
            close()

    def _raise_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled


class CancelledAtLine(SilentProgress):
    """Is cancelled by the time that a line holds ``mark``: saying it raises."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark = mark

    def say(self, line: str) -> None:
        super().say(line)
        if self._mark in line:
            raise Cancelled

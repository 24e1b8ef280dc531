"""Progress that nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext


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

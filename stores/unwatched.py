"""Progress for whoever asks a store on its own behalf, with nobody who could cancel."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext


class Unwatched:
    """A :class:`domain.progress.Progress` of a command line, which ends by its own interrupt."""

    def say(self, line: str) -> None:
        """Tell nobody."""

    def closing(self, close: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002
        """Never close."""
        return nullcontext()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


UNWATCHED = Unwatched()

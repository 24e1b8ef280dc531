"""How long work tells that it lives, and learns that it should stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Progress(Protocol):
    """Given to every engine call that may take longer than a few seconds."""

    def say(self, line: str) -> None:
        """Report one line; the last one is what a person sees. Never blocks."""

    def closing(self, close: Callable[[], None]) -> AbstractContextManager[None]:
        """While inside, a cancel calls ``close`` from another thread, so that a blocked read ends.

        Whoever is cancelled already does not get inside: the cancellation is raised.
        """

    def wait(self, seconds: float) -> None:
        """Sleep, but end at once with the cancellation when there is one."""

"""Processes killed in the middle, and the right moment for it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from settings import StackSettings
from stack.places import StateDirectory
from stack.supervision import Supervisor

TEMPORAL = Path(sys.executable).with_name("temporal")


def killed(settings: StackSettings, part: str) -> None:
    """SIGKILL for one part of the stack; its supervisor starts it again."""
    os.kill(Supervisor(StateDirectory(settings)).pid(part), signal.SIGKILL)


def runs_again(settings: StackSettings, part: str, before: int) -> bool:
    """Whether the supervisor has started a part anew; between its end and that it does not run."""
    found = Supervisor(StateDirectory(settings)).processes().get(part, {})
    return found.get("statename") == "RUNNING" and found["pid"] != before


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)

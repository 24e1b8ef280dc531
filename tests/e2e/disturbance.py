"""Processes killed in the middle, and the right moment for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from settings import StackSettings
from stack.places import StateDirectory
from stack.supervision import Supervisor

#: Seconds: less than the five minutes for which an activity asks a server that is away.
PATIENCE = 240

_TEMPORAL = Path(sys.executable).with_name("temporal")


def temporal(settings: StackSettings, *words: str) -> str:
    """What the ``temporal`` command prints, used as an engineer may use it."""
    address = f"127.0.0.1:{settings.temporal_port}"
    done = subprocess.run([_TEMPORAL, *words, "--address", address], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pending_activity(settings: StackSettings, workflow: str) -> list[str]:
    """The words that name the one activity of a workflow that is not done to ``temporal activity``."""
    (pending,) = json.loads(temporal(settings, "workflow", "describe", "-w", workflow, "-o", "json"))[
        "pendingActivities"
    ]
    return ["--workflow-id", workflow, "--activity-id", pending["activityId"]]


def killed(settings: StackSettings, part: str) -> None:
    """SIGKILL for one part of the stack; its supervisor starts it again."""
    os.kill(Supervisor(StateDirectory(settings)).pid(part), signal.SIGKILL)


@contextmanager
def stopped(settings: StackSettings, part: str) -> Iterator[None]:
    """One part of the stack takes connections and says nothing, until the end of the block."""
    pid = Supervisor(StateDirectory(settings)).pid(part)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def runs_again(settings: StackSettings, part: str, before: int) -> bool:
    """Whether the supervisor has started a part anew; between its end and that it does not run."""
    found = Supervisor(StateDirectory(settings)).processes().get(part, {})
    return found.get("statename") == "RUNNING" and found["pid"] != before


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; no longer than the slowest machine needs for it."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(1)

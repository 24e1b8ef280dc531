"""What the stack shows when a case has failed: what is open, what the engine runs, what the workers last said.

The stack is gone when somebody reads the report, so the report must have it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from settings import StackSettings
from stack.assembly import WORKERS
from stack.places import StateDirectory

_LINES = 25
_TEMPORAL = Path(sys.executable).with_name("temporal")


def aftermath(settings: StackSettings) -> dict[str, str]:
    """Title → text, for the sections of a report."""
    address = f"127.0.0.1:{settings.temporal_port}"
    running = ("--query", "ExecutionStatus='Running'", "--address", address)
    state = "{{.ID}} {{.Name}} {{.CurrentState}} {{.DesiredState}} {{.Error}}"
    sections = {
        "workflows that run": _printed(str(_TEMPORAL), "workflow", "list", *running),
        "tasks": _printed("docker", "node", "ps", "self", "--format", state),
        "containers": _printed("docker", "ps", "--all", "--format", "{{.Names}} {{.Status}}"),
    }
    directory = StateDirectory(settings)
    for worker in WORKERS:
        sections[f"log of {worker}"] = directory.log_tail(worker, _LINES)
    return sections


def _printed(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return "did not answer within 20 s"
    return done.stdout + done.stderr

"""What ``onward doctor`` says: one line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """``missing`` keeps the stack from working; ``warn`` may, later."""

    OK = "ok"
    WARN = "warn"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and – unless it is well – the command that gets a person on."""

    subject: str
    level: Level
    detail: str
    next: str = ""

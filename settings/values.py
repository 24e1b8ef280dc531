"""What several groups of settings say in the same way."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from domain.duration import Duration

LOOPBACK = "127.0.0.1"

RemindEvery = Annotated[Duration, Field(ge=timedelta(seconds=1))]
REMIND_EVERY = "orchestrate duty: how often on-call is told again until somebody has acknowledged, as 90s or 1h30m"
ACME_ROOTS = "file of certificates (PEM) by which the edge knows a private ACME server; the public ones without"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"ONWARD_{name.upper()}"

"""Durations as people write them: ``500ms``, ``30s``, ``5m``, ``1h30m``, ``4d``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PATTERN = r"^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$"
EXPECTED = "a duration such as 500ms, 30s, 5m or 1h30m"
LONGEST = timedelta(days=30)


def parse_duration(text: object) -> timedelta:
    """``1m30s`` → 90 seconds; ``ValueError`` for everything else, and for more than 30 days."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(PATTERN, text) if isinstance(text, str) and text else None
    if match is None:
        raise ValueError(EXPECTED)
    days, hours, minutes, seconds, millis = (int(re.sub(r"\D", "", part or "0")) for part in match.groups())
    total = 1000 * (86400 * days + 3600 * hours + 60 * minutes + seconds) + millis
    if total > LONGEST // timedelta(milliseconds=1):
        raise ValueError(f"at most {format_duration(LONGEST)}")
    return timedelta(milliseconds=total)


def format_duration(duration: timedelta) -> str:
    """The shortest text that :func:`parse_duration` reads back; ``0s`` for nothing."""
    millis = round(duration.total_seconds() * 1000)
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, millis = divmod(millis, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "minLength": 2, "examples": ["30s", "5m"]}),
]

"""When a batch job is due: the five fields of cron, in UTC.

What a scheduler gets are calendars, not text, so that no second parser reads it in another way. Of days of the month
and days of the week either will do when both are given, as in POSIX's crontab; names, lists, ranges, steps and
``@daily`` are those of Vixie's cron (crontab(5)).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

EXPECTED = 'five fields of cron such as "*/15 * * * *" (minute, hour, day of month, month, day of week), or @daily'
DAY = 24 * 60

#: Four hundred years have the same days as the four hundred before them; eight have every leap day's neighbourhood.
YEARS = 8
ANY_YEAR = 2000

_SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)


class Calendar(NamedTuple):
    """Due whenever each part of a time is among these; Sunday is 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def has(self, day: date) -> bool:
        """Whether it is due at some time of that day."""
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays


class Gaps(NamedTuple):
    """The shortest and the longest time between two that are due, one after the other."""

    shortest: timedelta
    longest: timedelta


def calendars(text: str) -> tuple[Calendar, ...]:
    """The one or two calendars that a schedule means together; ``ValueError`` says what is wrong."""
    fields = _SHORTHANDS.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(EXPECTED)
    minutes, hours, days, months, weekdays = (_values(*pair) for pair in zip(fields, _FIELDS, strict=True))
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    if fields[2].startswith("*") or fields[4].startswith("*"):
        found: tuple[Calendar, ...] = (Calendar(minutes, hours, days, months, weekdays),)
    else:
        found = (
            Calendar(minutes, hours, days, months, tuple(range(7))),
            Calendar(minutes, hours, tuple(range(1, 32)), months, weekdays),
        )
    if not any(each.has(day) for each in found for day in _days()):
        raise ValueError("a schedule that comes to a day that there is")
    return found


def gaps(text: str) -> Gaps:
    """How far apart a schedule's times are; ``ValueError`` as of :func:`calendars`."""
    found = calendars(text)
    minutes = sorted(60 * hour + minute for hour in found[0].hours for minute in found[0].minutes)
    between = [later - earlier for earlier, later in itertools.pairwise(minutes)]
    due = [day for day in _days() if any(each.has(day) for each in found)]
    between += [(later - earlier).days * DAY + minutes[0] - minutes[-1] for earlier, later in itertools.pairwise(due)]
    return Gaps(timedelta(minutes=min(between)), timedelta(minutes=max(between)))


def _days() -> Iterator[date]:
    day = date(ANY_YEAR, 1, 1)
    while day.year < ANY_YEAR + YEARS:
        yield day
        day += timedelta(days=1)


def _values(text: str, field: _Field) -> tuple[int, ...]:
    return tuple(sorted({value for part in text.lower().split(",") for value in _part(part, field)}))


def _part(part: str, field: _Field) -> range:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span == "*":
        start, end = field.least, field.most
    else:
        start = _number(first, field)
        # crontab(5): a step after a single value goes on to the end of the field.
        end = _number(last, field) if dash else field.most if slash else start
    every = int(step) if step.isascii() and step.isdigit() else 0 if slash else 1
    if every < 1 or start > end:
        raise ValueError(f"{_range(field)} for the {field.name}, not {part!r}")
    return range(start, end + 1, every)


def _number(text: str, field: _Field) -> int:
    if text in field.words:
        return field.words.index(text) + field.least
    if not (text.isascii() and text.isdigit() and field.least <= int(text) <= field.most):
        raise ValueError(f"{_range(field)} for the {field.name}, not {text!r}")
    return int(text)


def _range(field: _Field) -> str:
    return f"numbers from {field.least} to {field.most}"

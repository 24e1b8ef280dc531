"""``batch:`` of a ``service.yaml``: when a job runs, with what, and for how long."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from domain import cron
from domain.definition_values import Section
from domain.duration import Duration, format_duration
from domain.key_fault import key_fault

#: A run that was due while Temporal was away is made up for when it is back within this time.
LONGEST_CATCH_UP = timedelta(hours=1)
SHORTEST_CATCH_UP = timedelta(seconds=10)


class Overlap(StrEnum):
    """What becomes of a scheduled run for which no place is free; the words are Temporal's.

    ``SKIP``: it is left out. ``BUFFER_ONE``: it waits, unless one waits already. ``BUFFER_ALL``: it waits.
    """

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    BUFFER_ALL = "buffer_all"


def _schedule(text: str) -> str:
    cron.calendars(text)
    return text


Schedule = Annotated[str, AfterValidator(_schedule)]


class BatchRules(Section):
    """Without ``schedule`` and ``every`` a job runs on demand only. Schedules are in UTC.

    ``command`` replaces the image's own (its ``CMD``). ``late_after`` is how long after a run was due one must have
    ended well; of a job without a schedule, how long the last success may be ago.
    """

    schedule: Schedule | None = Field(default=None, description='cron\'s five fields, in UTC, such as "*/15 * * * *"')
    every: Duration | None = Field(default=None, ge=timedelta(seconds=1), description="instead of a schedule")
    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    timeout: Duration = Field(default=timedelta(hours=1), ge=timedelta(seconds=1))
    overlap: Overlap = Overlap.SKIP
    late_after: Duration | None = Field(default=None, ge=timedelta(seconds=1))

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if self.schedule is not None and self.every is not None:
            raise key_fault("every", value=format_duration(self.every), expected="no schedule beside it")
        return self

    @property
    def is_scheduled(self) -> bool:
        """Whether it runs by itself."""
        return self._gaps is not None

    @property
    def late_within(self) -> timedelta | None:
        """How long the last success may be ago; ``None`` for a job that need not run at all."""
        if self._gaps is None:
            return self.late_after
        return self._gaps.longest + (self.late_after or self.timeout)

    @property
    def catch_up(self) -> timedelta:
        """How late a run may begin that Temporal could not start in time: about one is made up for."""
        shortest = self._gaps.shortest if self._gaps else timedelta(0)
        return max(SHORTEST_CATCH_UP, min(shortest, LONGEST_CATCH_UP))

    @property
    def _gaps(self) -> cron.Gaps | None:
        if self.every is not None:
            return cron.Gaps(self.every, self.every)
        return None if self.schedule is None else cron.gaps(self.schedule)

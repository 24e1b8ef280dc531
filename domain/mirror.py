"""ci at prod's size, to look into what only shows there; it ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from domain.duration import Duration
from domain.message import Message
from domain.scale import Change

#: How long a mirror lasts when nobody says.
LASTS = timedelta(hours=2)


class Mirror(Message):
    """Bring every service of an application in ci to the size that it has in prod."""

    application: str
    by: str
    reason: str = Field(min_length=1)
    lasts: Duration = Field(default=LASTS, ge=timedelta(seconds=1))


class Reset(Message):
    """Give them back the size that ci had before."""

    application: str
    by: str
    reason: str = Field(min_length=1)


class MirrorOrder(Message):
    """What is to be done now; ``at`` and ``run`` make every attempt write one record.

    ``sizes``: role → replicas in prod; ``None`` ends the mirror.
    """

    application: str
    by: str
    reason: str
    at: datetime
    run: str
    sizes: dict[str, int] | None = None
    until: datetime | None = None


class Mirrored(Message):
    """What came of it; ``until`` is when the mirror ends, ``None`` when it has."""

    application: str
    until: datetime | None
    changes: tuple[Change, ...]

    @property
    def left(self) -> bool:
        """Whether a service was left as it was, so that it has to be asked again."""
        return any(each.fault and each.replicas == each.before for each in self.changes)


class MirrorOf(Message):
    """The application whose mirror a workflow is."""

    application: str

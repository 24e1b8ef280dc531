"""What releases and people say to a roll-forward.

A person's messages are Temporal Updates: small enough to be typed into the Temporal UI.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from domain.identity import COMMIT_PATTERN, ROLE_PATTERN, ServiceId
from domain.message import Message
from domain.release import ReleaseRequest, ReleaseStatus

#: The workflow type of a roll-forward.
ROLL_FORWARD = "RollForward"

Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class Begun(Message):
    """A release of a service whose roll-forward is open has begun."""

    request: ReleaseRequest
    run: str
    at: datetime


class EndedWell(Message):
    """A release is verified, or superseded by a newer one."""

    release: str
    run: str
    service: ServiceId
    status: ReleaseStatus
    number: int | None
    at: datetime


class Fix(Message):
    """Release this commit as the fix: ``{"commit": "…", "by": "ann"}``.

    Repository and directory are the failed release's unless they are given; another directory may
    be that of another service of the application, which is thereby named as the culprit.
    """

    commit: str = Field(pattern=COMMIT_PATTERN)
    by: Person
    reason: Text = ""
    repository: str = ""
    service_directory: str = ""


class Retry(Message):
    """Release the failed commit once more: the cause was outside of the code."""

    by: Person
    reason: Text = ""


class Acknowledge(Message):
    """Somebody has it: nobody is told again."""

    by: Person


class Remark(Message):
    """Something that others should know."""

    by: Person
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class NameCulprit(Message):
    """Another service of the application is the cause: its verified release closes the roll-forward too."""

    by: Person
    role: str = Field(pattern=ROLE_PATTERN)
    reason: Text = ""


class FixProposal(Message):
    """What is this commit, and is it behind any of these?"""

    repository: str
    commit: str
    service_directory: str
    against: tuple[str, ...]


class FixFacts(Message):
    """Whose service the commit holds; ``behind`` are those of the commits that it is an ancestor of."""

    service: ServiceId
    behind: tuple[str, ...] = ()


class FixStarted(Message):
    """The release that a roll-forward started, or that was under way and is now its fix."""

    release: str
    run: str
    roll_forward: str


class JoinRollForward(Message):
    """To a release that is under way: it is the fix of this roll-forward now."""

    roll_forward: str


class Opened(Message):
    """The roll-forward that a reported failure belongs to."""

    roll_forward: str

"""What Onward collects when a release did not end well, so that nobody needs to log in anywhere."""

from __future__ import annotations

from datetime import datetime

from domain.deployment import ServiceState
from domain.environment import Environment
from domain.identity import ServiceId
from domain.message import Message
from domain.release import ReleaseRequest, ReleaseResult

#: Lines of each task's log, and commits, that are kept.
LOG_LINES = 1000
CHANGES_LIMIT = 100


class FailedRelease(Message):
    """One run of a release that did not end well; ``ended`` is when that became known."""

    request: ReleaseRequest
    run: str
    result: ReleaseResult
    ended: datetime


class Change(Message):
    """One commit between what was verified and what failed."""

    commit: str
    author: str
    when: datetime
    subject: str


class ChangesRequest(Message):
    """The commits that ``until`` has and ``since`` has not; without ``since`` the newest ones."""

    repository: str
    service_directory: str
    since: str | None
    until: str


class Changes(Message):
    """The newest first, at most a hundred; ``more`` is how many are left out, where that is known.

    ``note`` says why there are none, or why they are not the ones since the version ``since``.
    """

    since: str | None = None
    commits: tuple[Change, ...] = ()
    more: int = 0
    note: str = ""


class EnvironmentEvidenceRequest(Message):
    """How is a service in one environment? Its logs are kept under the name of the failed run."""

    environment: Environment
    service: ServiceId
    release: str
    run: str


class FiringMonitor(Message):
    """An alert that fires for the service."""

    name: str
    severity: str = ""
    since: datetime
    summary: str = ""


class EnvironmentEvidence(Message):
    """What one environment shows; ``logs`` is a URI, ``tail`` their end, ``faults`` what could not be read."""

    environment: Environment
    state: ServiceState | None = None
    monitors: tuple[FiringMonitor, ...] = ()
    logs: str = ""
    tail: str = ""
    faults: tuple[str, ...] = ()


class EvidenceRequest(Message):
    """All that was collected of one failed run; ``faults`` says what could not be."""

    failed: FailedRelease
    changes: Changes
    environments: tuple[EnvironmentEvidence, ...]
    faults: tuple[str, ...] = ()


class Evidence(Message):
    """Where the evidence is kept: URIs of a page for people (HTML) and of a document for programs (JSON)."""

    page: str
    document: str

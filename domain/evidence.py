"""What Onward collects when a release did not end well, so that nobody needs to log in anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.deployment import ServiceState
from domain.environment import Environment
from domain.identity import ServiceId
from domain.junit import CaseResult, Verdict
from domain.message import Message
from domain.regression import SuiteResult
from domain.release import ReleaseRequest, ReleaseResult

#: Lines of each task's log, and commits, that are kept.
LOG_LINES = 1000
CHANGES_LIMIT = 100

#: Bytes of the logs that are in the evidence itself.
TAIL_LIMIT = 16 * 1024

#: Suites whose failed cases are told, and how many of each.
SUITES_LIMIT = 20
CASES_LIMIT = 20


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


class SuiteEvidence(Message):
    """What a suite that failed said: the result, cases that failed, and how many more did."""

    result: SuiteResult
    cases: tuple[CaseResult, ...] = ()
    more: int = 0


class EvidenceDocument(EvidenceRequest):
    """All that is kept of one failed run."""

    suites: tuple[SuiteEvidence, ...] = ()


class Evidence(Message):
    """Where the evidence is kept: URIs of a page for people (HTML) and of a document for programs (JSON)."""

    page: str
    document: str


def failed_suites(failed: FailedRelease) -> tuple[SuiteResult, ...]:
    """The suites of the last regression that did not pass."""
    regression = failed.result.regression
    suites = regression.suites if regression else ()
    return tuple(each for each in suites if each.verdict is Verdict.FAILED)[:SUITES_LIMIT]


def suite_evidence(result: SuiteResult, cases: Sequence[CaseResult]) -> SuiteEvidence:
    """A failed suite with the cases of it that nothing excused.

    :param cases: all that its last run recorded.
    """
    failed = [each for each in cases if each.verdict is Verdict.FAILED and each.name not in result.excused]
    return SuiteEvidence(result=result, cases=tuple(failed[:CASES_LIMIT]), more=len(failed[CASES_LIMIT:]))


def tail_of(text: str) -> str:
    """The last lines of a text, of 16 KiB at most."""
    content = text.encode(errors="replace")
    if len(content) <= TAIL_LIMIT:
        return text
    return content[-TAIL_LIMIT:].decode(errors="ignore").partition("\n")[2]


def cause_of(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(str(error).split()) or type(error).__name__

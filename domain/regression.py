"""Cross-service regression: a suite to run, how it ended, and what the results mean together."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from domain.artifact import Artifact, Digest
from domain.duration import Duration
from domain.identity import ServiceId
from domain.junit import Verdict
from domain.message import Message
from domain.suite import Excuse, SuiteReport

#: Characters of one suite's reason; its log has the rest.
REASON_LIMIT = 600


class Origin(StrEnum):
    """Why a suite has to be passed."""

    NEW = "own new"
    PREVIOUS = "own previous"
    PUBLISHED = "published"


class SuiteToRun(Message):
    """One suite of a regression: an image by digest, which of its failures are excused, which datastores it reaches."""

    service: ServiceId
    origin: Origin
    release: str
    manifest: Digest
    image: Artifact
    timeout: Duration
    excuses: tuple[Excuse, ...] = ()
    datastores: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """``cart's own previous suite``."""
        return f"{self.service.role}'s {self.origin} suite"


class SuiteResult(Message):
    """How one suite ended; ``log`` and ``report`` are URIs, ``seconds`` is of the last run.

    ``verdict`` is ``skipped`` when the regression was decided before this suite had ended; and while it
    waits or runs, which ``reason`` says.
    """

    service: ServiceId
    origin: Origin
    release: str
    manifest: Digest
    suite: Digest
    verdict: Verdict
    reason: str
    seconds: float = 0.0
    flaky: bool = False
    excused: tuple[str, ...] = ()
    log: str = ""
    report: str = ""

    @property
    def title(self) -> str:
        """``cart's own previous suite``."""
        return f"{self.service.role}'s {self.origin} suite"


def result_of(suite: SuiteToRun, report: SuiteReport, seconds: float, log: str, record: str) -> SuiteResult:
    """The result that a run's report means; ``log`` and ``record`` are URIs."""
    return SuiteResult(
        service=suite.service,
        origin=suite.origin,
        release=suite.release,
        manifest=suite.manifest,
        suite=suite.image.digest,
        verdict=report.verdict,
        reason=report.reason[:REASON_LIMIT],
        seconds=round(seconds, 1),
        excused=report.excused,
        log=log,
        report=record,
    )


def skipped(suite: SuiteToRun) -> SuiteResult:
    """The result of a suite that was not run to its end."""
    return unfinished(suite, "not run to its end: the verdict was certain")


def unfinished(suite: SuiteToRun, reason: str) -> SuiteResult:
    """What there is to say of a suite that has not ended: that it waits, or runs."""
    return result_of(suite, SuiteReport(verdict=Verdict.SKIPPED, reason=reason), 0, "", "")


def settled(first: SuiteResult, second: SuiteResult) -> SuiteResult:
    """Of a suite that failed and was run once more in the same slice: passing then counts, and is said."""
    if second.verdict is not Verdict.PASSED:
        return second
    return second.model_copy(update={"flaky": True, "reason": f"{second.reason}; flaky, at first {first.reason}"})


def failure_of(results: Sequence[SuiteResult]) -> str | None:
    """Why a regression failed: which suite of which release, and its reason; ``None`` when all passed."""
    failed = [result for result in results if result.verdict is Verdict.FAILED]
    if failed:
        first = failed[0]
        whose = "" if first.origin is Origin.NEW else f" ({first.release})"
        more = f"; and {len(failed) - 1} more of {len(results)} suites" if len(failed) > 1 else ""
        return f"{first.title}{whose}: {first.reason}{more}"
    skipped = [result.title for result in results if result.verdict is Verdict.SKIPPED]
    return f"{skipped[0]} was not run" if skipped else None


def summary_of(results: Sequence[SuiteResult]) -> str:
    """One line for a person: ``5 suites passed, 1 of them flaky``."""
    if not results:
        return "no suite to pass"
    flaky = [result for result in results if result.flaky]
    passed = f"{len(results)} suite{'s' if len(results) > 1 else ''} passed"
    return f"{passed}, {len(flaky)} of them flaky" if flaky else passed

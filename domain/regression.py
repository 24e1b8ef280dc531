"""Cross-service regression: which suites a candidate must pass, and what their results mean.

The rule (DESIGN: the stages of a release): the candidate's own new suite, its own previous one,
and the published suite of every other service of the application.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum

from domain.artifact import Artifact, ArtifactKind, Digest
from domain.duration import Duration
from domain.identity import ServiceId
from domain.junit import Verdict
from domain.manifest import Manifest
from domain.message import Message
from domain.service_tests import Tests
from domain.suite import Excuse, SuiteReport

#: Characters of one suite's reason; its log has the rest.
REASON_LIMIT = 600


class Origin(StrEnum):
    """Why a suite has to be passed."""

    NEW = "own new"
    PREVIOUS = "own previous"
    PUBLISHED = "published"


class SuiteToRun(Message):
    """One suite of a regression: an image by digest, and which of its failures are excused."""

    service: ServiceId
    origin: Origin
    release: str
    manifest: Digest
    image: Artifact
    timeout: Duration
    excuses: tuple[Excuse, ...] = ()

    @property
    def title(self) -> str:
        """``cart's own previous suite``."""
        return f"{self.service.role}'s {self.origin} suite"


class SuiteResult(Message):
    """How one suite ended; ``log`` and ``report`` are URIs, ``seconds`` is of the last run.

    ``verdict`` is ``skipped`` when the regression was decided before it was this suite's turn.
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


def required_suites(
    candidate: Manifest, digest: Digest, basis: Mapping[str, tuple[Digest, Manifest]]
) -> list[SuiteToRun]:
    """The suites that a candidate must pass on a basis, its own first.

    A previous suite that is the new one, bit by bit, is not run twice – unless cases of it are
    retired, which only the previous one may break.

    :param digest: of the candidate's manifest.
    """
    role, tests = candidate.service.role, candidate.definition.tests
    retired = tuple(Excuse(case=each.case, why=f"retired by {each.owner}") for each in tests.retired) if tests else ()
    suites = [_suite(candidate, digest, Origin.NEW, _quarantined(tests))] if tests else []
    if role in basis:
        manifest = basis[role][1]
        same = tests is not None and manifest.artifact(ArtifactKind.SUITE) == candidate.artifact(ArtifactKind.SUITE)
        if manifest.definition.tests and (retired or not same):
            loose = (*_quarantined(manifest.definition.tests), *_quarantined(tests))
            excuses = (*retired, *(each.model_copy(update={"must_match": False}) for each in loose))
            suites.append(_suite(manifest, basis[role][0], Origin.PREVIOUS, excuses))
    others = sorted((other, *pair) for other, pair in basis.items() if other != role)
    suites += [
        _suite(manifest, name, Origin.PUBLISHED, _quarantined(manifest.definition.tests))
        for _, name, manifest in others
        if manifest.definition.tests
    ]
    return suites


def unfounded(candidate: Manifest, previous: Manifest | None, today: date) -> str | None:
    """Why the candidate's own excuses cannot be taken, before any suite has run; ``None`` if they can.

    A quarantine is a promise with a date: from the day after, the regression fails. A retirement
    that has no previous suite to apply to excuses nothing.
    """
    tests = candidate.definition.tests
    for quarantined in tests.quarantined if tests else ():
        if quarantined.until < today:
            return (
                f"the quarantine of {quarantined.case!r} ended on {quarantined.until}: "
                f"{quarantined.owner} mends the case or decides on a later day"
            )
    if tests and tests.retired and (previous is None or previous.definition.tests is None):
        return f"{tests.retired[0].case!r} is retired, but {candidate.service} has no previous suite: take it out"
    return None


def in_force(suites: Sequence[SuiteToRun], today: date) -> list[SuiteToRun]:
    """The suites without the excuses whose day is over."""
    return [
        suite.model_copy(
            update={"excuses": tuple(each for each in suite.excuses if each.until is None or each.until >= today)}
        )
        for suite in suites
    ]


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
    report = SuiteReport(verdict=Verdict.SKIPPED, reason="not run to its end: the verdict was certain")
    return result_of(suite, report, 0, "", "")


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


def _suite(manifest: Manifest, digest: Digest, origin: Origin, excuses: tuple[Excuse, ...]) -> SuiteToRun:
    image, tests = manifest.artifact(ArtifactKind.SUITE), manifest.definition.tests
    if image is None or tests is None:  # a manifest has a suite exactly when its definition has tests
        raise ValueError(f"the manifest of {manifest.release} has no suite")
    return SuiteToRun(
        service=manifest.service,
        origin=origin,
        release=manifest.release,
        manifest=digest,
        image=image,
        timeout=tests.integration.timeout,
        excuses=excuses,
    )


def _quarantined(tests: Tests | None) -> tuple[Excuse, ...]:
    cases = tests.quarantined if tests else ()
    return tuple(
        Excuse(case=each.case, why=f"quarantined by {each.owner} until {each.until}", until=each.until)
        for each in cases
    )

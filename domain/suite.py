"""A suite's run: what it was asked, and what its JUnit XML says."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.environment import Environment
from domain.identity import ServiceId, url_variable
from domain.progress import Progress

REPORTS = "/reports"
REPORT_LIMIT = 16 * 1024 * 1024
CASES_VARIABLE = "ONWARD_CASES"


class Verdict(StrEnum):
    """How a case or a suite ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class CaseResult(BaseModel):
    """One JUnit case; ``name`` is ``<classname>.<name>``."""

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: Verdict
    seconds: float = 0.0
    message: str = ""


class SuiteRun(BaseModel):
    """One run of a suite image on an application's network."""

    model_config = ConfigDict(frozen=True)

    name: str
    image: str
    environment: Environment
    service: ServiceId
    network: str
    variables: dict[str, str]
    timeout: timedelta


class SuiteOutcome(BaseModel):
    """What a run left: exit code, JUnit files, output. ``exit_code`` is ``None`` after a timeout."""

    model_config = ConfigDict(frozen=True)

    exit_code: int | None
    reports: tuple[bytes, ...]
    output: str
    killed_for_memory: bool = False


class SuiteRunner(Protocol):
    """Runs suite images beside the services of an environment."""

    def run(self, run: SuiteRun, progress: Progress) -> SuiteOutcome:
        """Run to the end, the timeout or the cancel; the container is gone in every case.

        A leftover of an earlier attempt with the same name is removed first.
        """


class SuiteReport(BaseModel):
    """The verdict of one run, with its reason in one line."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    reason: str
    cases: tuple[CaseResult, ...] = ()


def suite_variables(
    environment: Environment, service: ServiceId, urls: dict[str, str], cases: str | None
) -> dict[str, str]:
    """What a suite gets told: where it runs and where each service of the application answers.

    :param urls: role → base URL.
    :param cases: a shell-style pattern that the suite must restrict itself to, or all.
    """
    variables = {url_variable(role): url for role, url in urls.items()}
    variables |= {
        "ONWARD_ENVIRONMENT": environment.value,
        "ONWARD_APPLICATION": service.application,
        "ONWARD_ROLE": service.role,
    }
    return variables | ({CASES_VARIABLE: cases} if cases else {})


def judge(outcome: SuiteOutcome, cases: str | None = None) -> SuiteReport:
    """The verdict of a run. Exit code 0 is not enough: a suite that ran no test has failed.

    :param cases: the pattern the run was restricted to; a case outside of it fails the run,
        because what is not known to be safe in prod must not run there.
    """
    try:
        results = tuple(case for report in outcome.reports for case in parse_junit(report))
    except ValueError as error:
        return SuiteReport(verdict=Verdict.FAILED, reason=f"its JUnit XML cannot be read: {error}")

    def failed(reason: str) -> SuiteReport:
        return SuiteReport(verdict=Verdict.FAILED, reason=reason, cases=results)

    ran = [case for case in results if case.verdict is not Verdict.SKIPPED]
    broken = [case for case in ran if case.verdict is Verdict.FAILED]
    strays = [case.name for case in ran if cases and not matches(case.name, cases)]
    if outcome.killed_for_memory:
        return failed("it was killed: out of memory")
    if outcome.exit_code is None:
        return failed("it did not end in time")
    if broken:
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        return failed(f"{broken[0].name} failed{more}: {broken[0].message}")
    if outcome.exit_code != 0:
        return failed(f"it ended with exit code {outcome.exit_code}: {_last_line(outcome.output)}")
    if not ran:
        return failed("it ran no test")
    if strays:
        return failed(f"{strays[0]} ran, which is not one of the cases {cases!r}")
    return SuiteReport(verdict=Verdict.PASSED, reason=f"{len(ran)} passed", cases=results)


def matches(case: str, pattern: str) -> bool:
    """Whether a case ``<classname>.<name>`` is meant by a pattern for its full or its last name."""
    return fnmatchcase(case, pattern) or fnmatchcase(case.rpartition(".")[2], pattern)


def parse_junit(document: bytes) -> list[CaseResult]:
    """The cases of one JUnit XML file; ``ValueError`` when it is not one, or over 16 MiB."""
    if len(document) > REPORT_LIMIT:
        raise ValueError(f"{len(document)} bytes, at most {REPORT_LIMIT}")
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise ValueError("a document type declaration")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 – no document type, so no entities
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    if root.tag not in ("testsuites", "testsuite"):
        raise ValueError(f"root element <{root.tag}>, expected <testsuites> or <testsuite>")
    return [_case(element) for element in root.iter("testcase")]


def _case(element: ElementTree.Element) -> CaseResult:
    bad = next((child for tag in ("failure", "error") for child in element.findall(tag)), None)
    if bad is not None:
        verdict, message = Verdict.FAILED, (bad.get("message") or bad.text or "").strip()
    else:
        skipped = element.find("skipped") is not None
        verdict, message = (Verdict.SKIPPED if skipped else Verdict.PASSED), ""
    try:
        seconds = float(element.get("time") or 0)
    except ValueError:
        seconds = 0.0
    name = ".".join(part for part in (element.get("classname"), element.get("name")) if part)
    return CaseResult(name=name, verdict=verdict, seconds=seconds, message=message[:500])


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1][:200] if lines else "no output"

"""A suite's run: what it is asked, which of its failures are excused, and what follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.data_names import datastore_variable
from domain.environment import Environment
from domain.identity import ServiceId, url_variable
from domain.junit import CaseResult, Verdict, matches, parse_junit
from domain.progress import Progress

REPORTS = "/reports"
OUTPUT_LIMIT = 32 * 1024 * 1024  # bytes
CASES_VARIABLE = "ONWARD_CASES"

#: An exit code above means that the suite was killed or never began: no excuse is for that.
LAST_ORDINARY_EXIT_CODE = 125


#: So many excused cases are named in a reason; the report has all of them.
TOLD = 5


class SuiteRun(BaseModel):
    """One run of a suite image on a network; ``slice`` names the slice that the network is of, if any.

    ``data_network``: that of the environment's datastores, if the suite reaches one.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    image: str
    environment: Environment
    service: ServiceId
    network: str
    slice: str = ""
    data_network: str = ""
    variables: dict[str, str]
    timeout: timedelta


class SuiteOutcome(BaseModel):
    """What a run left: exit code, JUnit files, output.

    ``exit_code`` is ``None`` when the run was stopped: its time was up, or it had printed more than
    :data:`OUTPUT_LIMIT`, which ``flooded`` says.
    """

    model_config = ConfigDict(frozen=True)

    exit_code: int | None
    reports: tuple[bytes, ...]
    output: str
    killed_for_memory: bool = False
    flooded: bool = False


class SuiteRunner(Protocol):
    """Runs suite images beside the services of an environment."""

    def run(self, run: SuiteRun, progress: Progress) -> SuiteOutcome:
        """Run to the end, the timeout or the cancel; the container is gone in every case.

        A leftover of an earlier attempt with the same name is removed first.
        """


class Excuse(BaseModel):
    """Cases whose failure does not fail their suite, as a shell-style pattern, and why.

    ``until`` is the last day that it counts. One that ``must_match`` and matches no case fails the suite.
    """

    model_config = ConfigDict(frozen=True)

    case: str
    why: str
    until: date | None = None
    must_match: bool = True


class SuiteReport(BaseModel):
    """The verdict of one run, with its reason in one line; ``excused`` names cases that did not pass."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    reason: str
    cases: tuple[CaseResult, ...] = ()
    excused: tuple[str, ...] = ()


def suite_variables(
    environment: Environment,
    service: ServiceId,
    urls: Mapping[str, str],
    cases: str | None,
    datastores: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What a suite gets told: where it runs and where each service of the application answers.

    :param urls: role → base URL.
    :param cases: a shell-style pattern that the suite must restrict itself to, or all.
    :param datastores: role → ``host:port`` of those that it reaches.
    """
    variables = {url_variable(role): url for role, url in urls.items()}
    variables |= {datastore_variable(role): address for role, address in (datastores or {}).items()}
    variables |= {
        "ONWARD_ENVIRONMENT": environment.value,
        "ONWARD_APPLICATION": service.application,
        "ONWARD_ROLE": service.role,
    }
    return variables | ({CASES_VARIABLE: cases} if cases else {})


def judge(outcome: SuiteOutcome, cases: str | None = None, excuses: Sequence[Excuse] = ()) -> SuiteReport:
    """The verdict of a run. Exit code 0 is not enough: a suite that ran no test has failed.

    :param cases: the pattern the run was restricted to; a case outside of it fails the run,
        because what is not known to be safe in prod must not run there.
    :param excuses: an excuse that no case matches fails the run: it excuses nothing, or too much soon.
    """
    try:
        results = tuple(case for report in outcome.reports for case in parse_junit(report))
    except ValueError as error:
        return SuiteReport(verdict=Verdict.FAILED, reason=f"its JUnit XML cannot be read: {error}")

    ran = [case for case in results if case.verdict is not Verdict.SKIPPED]
    bad = [case for case in ran if case.verdict is Verdict.FAILED]
    why = {case.name: excuse.why for case in bad if (excuse := _excuse_of(case, excuses))}
    excused = tuple(why)
    broken = [case for case in bad if case.name not in excused]

    def failed(reason: str) -> SuiteReport:
        return SuiteReport(verdict=Verdict.FAILED, reason=reason, cases=results, excused=excused)

    strays = [case.name for case in ran if cases and not matches(case.name, cases)]
    idle = [
        excuse
        for excuse in excuses
        if excuse.must_match and not any(matches(case.name, excuse.case) for case in results)
    ]
    if outcome.killed_for_memory:
        return failed("it was killed: out of memory")
    if outcome.flooded:
        return failed(f"it printed more than {OUTPUT_LIMIT // 1024**2} MiB")
    if outcome.exit_code is None:
        return failed("it did not end in time")
    if broken:
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        return failed(f"{broken[0].name} failed{more}: {broken[0].message}")
    if outcome.exit_code != 0 and not (excused and outcome.exit_code <= LAST_ORDINARY_EXIT_CODE):
        return failed(f"it ended with exit code {outcome.exit_code}: {_last_line(outcome.output)}")
    if not ran:
        return failed("it ran no test")
    if excused and len(ran) == len(bad):
        return failed(f"no case passed: {_told(why)}")
    if strays:
        return failed(f"{strays[0]} ran, which is not one of the cases {cases!r}")
    if idle:
        return failed(f"no case is called {idle[0].case!r}, which is {idle[0].why}: take it out of service.yaml")
    passed = f"{len(ran) - len(bad)} passed"
    reason = f"{passed}, {_told(why)}" if excused else passed
    return SuiteReport(verdict=Verdict.PASSED, reason=reason, cases=results, excused=excused)


def _excuse_of(case: CaseResult, excuses: Iterable[Excuse]) -> Excuse | None:
    return next((excuse for excuse in excuses if matches(case.name, excuse.case)), None)


def _told(why: Mapping[str, str]) -> str:
    """Which cases are excused and by whom: ``1 did not and is excused: t.test_a (retired by cart-team)``."""
    are = "is" if len(why) == 1 else "are"
    cases = ", ".join(f"{name} ({reason})" for name, reason in list(why.items())[:TOLD])
    more = f" and {len(why) - TOLD} more" if len(why) > TOLD else ""
    return f"{len(why)} did not and {are} excused: {cases}{more}"


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1][:200] if lines else "no output"

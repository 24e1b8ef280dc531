"""How a release reads to a person."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.junit import Verdict
from domain.release import ReleaseResult, ReleaseStatus, Stage, StageResult, StageStatus

_MARKS = {
    StageStatus.RUNNING: "…",
    StageStatus.DONE: "✔",
    StageStatus.FAILED: "✘",
    StageStatus.CANCELLED: "■",
    StageStatus.SUPERSEDED: "»",
}


SUITE_MARKS = {Verdict.FAILED: "✘", Verdict.PASSED: "✔", Verdict.SKIPPED: "·"}


def seconds(duration: float | None) -> str:
    """``4.2 s``, ``3 min 5 s``; empty for nothing."""
    if duration is None:
        return ""
    return f"{duration:.1f} s" if duration < 60 else f"{duration // 60:.0f} min {duration % 60:.0f} s"


def age(moment: datetime, until: datetime | None = None) -> str:
    """How long ago, or how long until a later moment, in one unit."""
    passed = ((until or datetime.now(UTC)) - moment).total_seconds()
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if passed >= size:
            return f"{passed // size:.0f} {unit}"
    return f"{max(passed, 0):.0f} s"


def stage_line(stage: StageResult) -> str:
    """One stage in one line."""
    detail = stage.detail.splitlines()[0] if stage.detail else ""
    return f"{_MARKS[stage.status]} {stage.name:<12} {seconds(stage.seconds):>9}  {detail}".rstrip()


def title(result: ReleaseResult) -> str:
    """``shop-cart #4 (1a2b3c4d5e6f): verified``."""
    number = f" #{result.number}" if result.number else ""
    return f"{result.application}-{result.role}{number} ({result.commit[:12]}): {result.status}"


def tested_with(result: ReleaseResult) -> str:
    """The other releases that a failed regression ran with; empty for any other failure."""
    if result.failure is None or result.failure.stage is not Stage.REGRESSION or result.regression is None:
        return ""
    versions = ", ".join(sorted(result.regression.versions.values()))
    return f"; it was tested with {versions}" if versions else ""


def suite_lines(result: ReleaseResult) -> list[str]:
    """One line for each suite of the last regression, what failed first."""
    suites = result.regression.suites if result.regression else ()
    order = list(SUITE_MARKS)
    return [
        f"  {SUITE_MARKS[each.verdict]} {each.service.role}, {each.origin} ({each.release.rpartition(':')[2]}) "
        f"{seconds(each.seconds):>7}  {' '.join(each.reason.split())}"
        for each in sorted(suites, key=lambda suite: order.index(suite.verdict))
    ]


def _after_failure(result: ReleaseResult) -> list[str]:
    """What on-call does next: commands as they are typed."""
    if result.status is ReleaseStatus.REFUSED:
        in_manifest = result.failure is not None and result.failure.stage is Stage.MANIFEST
        done = "nothing was published" if in_manifest else "nothing was built"
        return ["next:", f"  mend it in a new commit and release that; {done}"]
    if not result.roll_forward:
        return ["next:", f"  onward logs {result.release}", "  mend it in a new commit and release that"]
    name = result.roll_forward.partition(":")[2]
    commands = {
        f"onward evidence {result.release}": "what Onward collected",
        f"onward ack {name}": "say that you have it",
        f"onward fix {name} --commit <SHA>": "release the commit that mends it, ahead of everything else",
        f"onward retry {name}": "the same commit again, when the cause was outside of the code",
    }
    width = max(map(len, commands))
    return [
        f"open until a later release is verified: {result.roll_forward}",
        "next:",
        *(f"  {command:<{width}}  # {what}" for command, what in commands.items()),
    ]


def summary(result: ReleaseResult, ui: str) -> str:
    """A release for a person: how it is, its stages, why it failed, and what to do next."""
    lines = [title(result), *(f"  {stage_line(stage)}" for stage in result.stages)]
    if suites := suite_lines(result):
        lines += ["", "suites of the regression:", *suites]
    if result.failure:
        lines += ["", f"failed in {result.failure.stage} ({result.failure.kind}):"]
        lines += [f"  {line}" for line in result.failure.message.splitlines()]
        if result.failure.evidence:
            lines.append(f"evidence: {result.failure.evidence}")
        lines += _after_failure(result)
    if ui:
        lines += ["", f"Temporal UI: {ui}"]
    return "\n".join(lines)

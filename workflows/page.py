"""The page of a release in the Temporal UI, as markdown."""

from __future__ import annotations

from collections.abc import Mapping

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.regression_page import suite_table
    from domain.release import Failure, ReleaseRegression, ReleaseRequest, ReleaseResult, Stage, StageStatus

_MARKS = {
    StageStatus.RUNNING: "▶",
    StageStatus.DONE: "✔",
    StageStatus.FAILED: "✘",
    StageStatus.CANCELLED: "■",
    StageStatus.SUPERSEDED: "»",
}
#: The UI sets table cells tight and breaks them anywhere.
_HARD_SPACE = "\N{NO-BREAK SPACE}"


def release_page(request: ReleaseRequest, result: ReleaseResult, links: Mapping[str, str]) -> str:
    """Status first, then what went wrong, then the stages, then where to look further."""
    number = f" #{result.number}" if result.number else ""
    parts = [f"## {request.service}{number}: {result.status}", _origin(request)]
    if result.failure:
        parts.append(_failure(result.failure))
    parts.append(_stages(result))
    if result.regression:
        parts.append(_regression(result.release, result.regression))
    more = [f"- [{name}]({url})" for name, url in links.items() if url]
    if result.manifest:
        more.append(f"- manifest `{result.manifest.digest}`")
    more += [f"- `onward show {result.release}`", f"- `onward logs {result.release}`"]
    return "\n\n".join([*parts, "\n".join(more)])


def _origin(request: ReleaseRequest) -> str:
    by = f" by {request.requested_by}" if request.requested_by else ""
    reason = f": {request.reason}" if request.reason else ""
    return f"Commit `{request.commit}` of `{request.repository}`, directory `{request.service_directory}`{by}{reason}"


def _failure(failure: Failure) -> str:
    quoted = "\n".join(f"> {line}" for line in failure.message.splitlines())
    evidence = f"\n\nEvidence: `{failure.evidence}`" if failure.evidence else ""
    return f"**Failed in {failure.stage}** ({failure.kind})\n\n{quoted}{evidence}"


def _regression(release: str, regression: ReleaseRegression) -> str:
    versions = ", ".join(f"`{release}`" for _, release in sorted(regression.versions.items()))
    lines = [f"### Regression `{regression.workflow}`"]
    if versions:
        lines.append(f"With {versions}")
    if regression.suites:
        lines.append(suite_table(release, regression.suites))
    return "\n\n".join(lines)


def _stages(result: ReleaseResult) -> str:
    rows = ["| | stage | time | |", "|---|---|---:|---|"]
    seen = {stage.name: stage for stage in result.stages}
    for name in Stage:
        stage = seen.get(name)
        mark = _MARKS[stage.status] if stage else "·"
        seconds = f"{stage.seconds:.1f} s" if stage and stage.seconds is not None else ""
        detail = stage.detail.splitlines()[0].replace("|", "\\|") if stage and stage.detail else ""
        rows.append(f"| {_held(mark)} | {_held(name)} | {_held(seconds)} | {detail} |")
    return "\n".join(rows)


def _held(text: str) -> str:
    """A cell that stays on one line, with room on its right."""
    return f"{text}  ".replace(" ", _HARD_SPACE)

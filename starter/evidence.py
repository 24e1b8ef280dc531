"""The evidence of a failed release as text, for a terminal."""

from __future__ import annotations

from domain.evidence import Changes, EnvironmentEvidence, EvidenceDocument, SuiteEvidence
from starter.text import age, stage_line, title


def evidence_text(document: EvidenceDocument) -> str:
    """What failed and why, what changed, and how the service is in each environment."""
    failed, result = document.failed, document.failed.result
    failure = result.failure
    lines = [title(result), f"  {failed.ended:%Y-%m-%d %H:%M:%S} UTC, {age(failed.ended)} ago"]
    if failure:
        lines += ["", f"failed in {failure.stage} ({failure.kind}):", *_indented(failure.message)]
    lines += ["", "stages:", *(f"  {stage_line(stage)}" for stage in result.stages)]
    for suite in document.suites:
        lines += ["", *_suite(suite)]
    lines += ["", *_changes(document.changes)]
    for each in document.environments:
        lines += ["", *_environment(each)]
    if document.faults:
        lines += ["", "could not be collected:", *(f"  {fault}" for fault in document.faults)]
    return "\n".join(lines)


def _suite(each: SuiteEvidence) -> list[str]:
    cases = [f"    {case.name}: {case.message}".rstrip(": ") for case in each.cases]
    more = [f"    and {each.more} more"] if each.more else []
    return [f"{each.result.title} failed:", f"  {each.result.reason}", *cases, *more]


def _changes(changes: Changes) -> list[str]:
    since = f" since {changes.since[:12]}, which was verified" if changes.since else ""
    commits = [f"  {each.commit[:12]} {each.subject} ({each.author})" for each in changes.commits]
    more = [f"  and {changes.more} more"] if changes.more else []
    note = [f"  {changes.note}"] if changes.note else []
    return [f"what changed{since}:", *note, *commits, *more]


def _environment(each: EnvironmentEvidence) -> list[str]:
    state = each.state
    if state is None:
        lines = [f"{each.environment}: {'not known' if each.faults else 'not deployed'}"]
    else:
        served = state.served
        serving = f"{state.healthy} of {state.replicas} replicas serve #{served.number} ({served.commit[:12]})"
        lines = [
            f"{each.environment}: {state.state}, {serving}; #{state.number} is asked for",
            *(
                f"  {task.id[:12]:<12} #{task.number} {task.state}  {task.error}".rstrip()
                for task in reversed(state.tasks)
            ),
        ]
    lines += [f"  fires: {one.name} for {age(one.since)}  {one.summary}".rstrip() for one in each.monitors]
    lines += [f"  could not be read: {fault}" for fault in each.faults]
    if each.tail:
        lines += [f"  the end of its logs ({each.logs}):", *_indented(each.tail, 4)]
    return lines


def _indented(text: str, by: int = 2) -> list[str]:
    return [f"{' ' * by}{line}".rstrip() for line in text.splitlines()]

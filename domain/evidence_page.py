"""The evidence of a failed release as one page: for whoever was woken up by it, also on a phone."""

from __future__ import annotations

from collections.abc import Sequence

from domain.deployment import ServiceState
from domain.evidence import TAIL_LIMIT, Changes, EnvironmentEvidence, EvidenceDocument, SuiteEvidence
from domain.identity import canonical_name
from domain.keys import environment_step, log_prefix, parse_log_key
from domain.page_parts import STYLE, bad, block, facts, listing, moment, section, table, text
from domain.release import StageResult, StageStatus

#: What is not as it should be is marked in colour, and by its own word.
_BAD = frozenset({"failed", "rejected", "halted", "failing"})


def evidence_html(document: EvidenceDocument) -> str:
    """A page that needs nothing else: no script, no picture, no other server."""
    failed, result = document.failed, document.failed.result
    failure = result.failure
    number = f" #{result.number}" if result.number else ""
    stage = f"in {failure.stage}" if failure else f"({result.status})"
    title = f"{failed.request.service}{number} failed {stage}"
    told = [
        ("commit", f"<code>{text(result.commit)}</code>"),
        ("failed", moment(failed.ended)),
        ("release", f"<code>{text(result.release)}</code>"),
        ("repository", text(failed.request.repository)),
        ("asked for by", text(failed.request.requested_by)),
        ("because", text(failed.request.reason)),
        ("roll-forward", f"<code>{text(result.roll_forward)}</code>" if result.roll_forward else ""),
    ]
    kind = f"<p><strong>{text(failure.kind)}</strong></p>" if failure else ""
    cause = f"{kind}{block(failure.message if failure else 'no cause is known')}"
    sections = [
        section("Cause", cause),
        section("What changed", _changes(document.changes)),
        section("Suites that failed", "".join(_suite(each, result.release) for each in document.suites)),
        *(section(f"In {each.environment}", _environment(each, document)) for each in document.environments),
        section("Stages", table(("stage", "", "time", ""), [_stage(each) for each in result.stages])),
        section("What could not be collected", listing(document.faults)),
        section("Next", listing(_next(document), code=True)),
    ]
    heading = f"<header><h1>{text(title)}</h1><dl>{facts(told)}</dl></header>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{text(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>{heading}\n<main>{''.join(sections)}</main></body></html>\n"
    )


def _environment(each: EnvironmentEvidence, document: EvidenceDocument) -> str:
    name = canonical_name(each.environment, document.failed.request.service)
    absent = f"It is not known whether {name} is deployed." if each.faults else f"{name} is not deployed."
    parts = [_state(each.state) if each.state else f"<p>{text(absent)}</p>"]
    if each.monitors:
        rows = [(bad(one.name), text(one.severity), moment(one.since), text(one.summary)) for one in each.monitors]
        parts.append(f"<h3>Monitors that fire</h3>{table(('monitor', 'severity', 'since', ''), rows)}")
    if each.tail:
        step = environment_step(each.environment)
        more = f"onward logs {document.failed.result.release} --step {step}"
        parts.append(
            f"<h3>The end of its logs</h3>{block(each.tail, TAIL_LIMIT)}<p>More: <code>{text(more)}</code></p>"
        )
    if each.faults:
        parts.append(f"<h3>What could not be read</h3>{listing(each.faults)}")
    return "".join(parts)


def _state(state: ServiceState) -> str:
    word = bad(state.state) if state.state in _BAD else text(state.state)
    served = state.served
    line = (
        f"<p>{word}: {state.healthy} of {state.replicas} replicas serve, release #{served.number} "
        f"(<code>{text(served.commit[:12])}</code>); #{state.number} is asked for since {moment(state.since)}.</p>"
    )
    message = f"<p>{text(state.message)}</p>" if state.message else ""
    rows = [
        (
            f"<code>{text(task.id[:12])}</code>",
            f"#{task.number}",
            bad(task.state) if task.state in _BAD else text(task.state),
            text(task.error),
        )
        for task in reversed(state.tasks)
    ]
    return f"{line}{message}{table(('task', 'release', 'state', 'error'), rows)}"


def _changes(changes: Changes) -> str:
    since = f"<p>Since <code>{text(changes.since[:12])}</code>, which was verified.</p>" if changes.since else ""
    rows = [
        (f"<code>{text(each.commit[:12])}</code>", text(each.subject), text(each.author), moment(each.when))
        for each in changes.commits
    ]
    more = f"<p>And {changes.more} more.</p>" if changes.more else ""
    note = f"<p>{text(changes.note)}</p>" if changes.note else ""
    return f"{since}{note}{table(('commit', '', 'by', 'at'), rows)}{more}"


def _suite(each: SuiteEvidence, release: str) -> str:
    result = each.result
    cases = [f"{case.name}: {case.message}" if case.message else case.name for case in each.cases]
    more = f"<p>And {each.more} more.</p>" if each.more else ""
    kept = [("log", result.log), ("report", result.report)]
    where = "".join(f"<dt>{name}</dt><dd><code>{text(uri)}</code></dd>" for name, uri in kept if uri)
    _, step = parse_log_key(release, result.log.partition(log_prefix(release))[2])
    command = f"<p><code>{text(f'onward logs {release} --step {step}')}</code></p>" if step else ""
    return (
        f"<h3>{bad(result.title)} (<code>{text(result.release)}</code>)</h3><p>{text(result.reason)}</p>"
        f"{listing(cases)}{more}<dl>{where}</dl>{command}"
    )


def _stage(stage: StageResult) -> Sequence[str]:
    broken = stage.status in (StageStatus.FAILED, StageStatus.CANCELLED)
    seconds = "" if stage.seconds is None else f"{stage.seconds:.1f} s"
    return text(stage.name), bad(stage.status) if broken else text(stage.status), seconds, text(stage.detail)


def _next(document: EvidenceDocument) -> list[str]:
    release = document.failed.result.release
    there = [each.environment for each in document.environments if each.state]
    live = [f"onward logs {canonical_name(each, document.failed.request.service)}" for each in there]
    return [f"onward show {release}", f"onward logs {release}", *live, f"onward evidence {release}"]

"""A regression's suites as a table, in markdown: for its own page and that of its release."""

from __future__ import annotations

from collections.abc import Iterable

from domain.junit import Verdict
from domain.keys import log_step
from domain.regression import SuiteResult

MARKS = {Verdict.PASSED: "✔", Verdict.FAILED: "✘", Verdict.SKIPPED: "·"}


def suite_table(release: str, results: Iterable[SuiteResult]) -> str:
    """Suite, version, seconds, result, and the command that prints its output; what failed comes first.

    :param release: whose regression it is: the output is among its steps.
    """
    rows = ["| | suite | version | time | result | logs |", "|---|---|---|---:|---|---|"]
    order = (Verdict.FAILED, Verdict.PASSED, Verdict.SKIPPED)
    for each in sorted(results, key=lambda result: order.index(result.verdict)):
        version = each.release.rpartition(":")[2]
        reason = " ".join(each.reason.split()).replace("|", "\\|")
        logs = f"`onward logs {release} --step {log_step(release, each.log)}`" if each.log else ""
        time = f"{each.seconds:.1f} s" if each.log else ""
        rows.append(
            f"| {MARKS[each.verdict]} | {each.service.role}, {each.origin} | `{version}` | {time} | {reason} | {logs} |"
        )
    return "\n".join(rows)

"""A regression's suites as a table, in markdown: for its own page and that of its release."""

from __future__ import annotations

from collections.abc import Iterable

from domain.junit import Verdict
from domain.regression import SuiteResult

MARKS = {Verdict.PASSED: "✔", Verdict.FAILED: "✘", Verdict.SKIPPED: "·"}


def suite_table(results: Iterable[SuiteResult]) -> str:
    """Suite, version, result, seconds, where its output is; what failed comes first."""
    rows = ["| | suite | version | time | result | output |", "|---|---|---|---:|---|---|"]
    order = (Verdict.FAILED, Verdict.PASSED, Verdict.SKIPPED)
    for each in sorted(results, key=lambda result: order.index(result.verdict)):
        version = each.release.rpartition(":")[2]
        reason = " ".join(each.reason.split()).replace("|", "\\|")
        output = f"`{each.log}`" if each.log else ""
        rows.append(
            f"| {MARKS[each.verdict]} | {each.service.role}, {each.origin} | `{version}` "
            f"| {each.seconds:.1f} s | {reason} | {output} |"
        )
    return "\n".join(rows)

"""A regression's suites as a table, in markdown: for its own page and that of its release."""

from __future__ import annotations

from collections.abc import Iterable

from domain.junit import Verdict
from domain.regression import SuiteResult

MARKS = {Verdict.PASSED: "✔", Verdict.FAILED: "✘", Verdict.SKIPPED: "·"}


def suite_table(results: Iterable[SuiteResult], numbers: dict[str, str] | None = None) -> str:
    """Suite, version, result, seconds, where its output is; what failed comes first.

    :param numbers: manifest → how to call the version; its digest is abbreviated without.
    """
    rows = ["| | suite | version | time | result | output |", "|---|---|---|---:|---|---|"]
    order = (Verdict.FAILED, Verdict.PASSED, Verdict.SKIPPED)
    for each in sorted(results, key=lambda result: order.index(result.verdict)):
        version = (numbers or {}).get(each.manifest) or each.manifest.partition(":")[2][:12]
        reason = " ".join(each.reason.split()).replace("|", "\\|")
        output = f"`{each.log}`" if each.log else ""
        rows.append(
            f"| {MARKS[each.verdict]} | {each.service.role}, {each.origin} | `{version}` "
            f"| {each.seconds:.1f} s | {reason} | {output} |"
        )
    return "\n".join(rows)

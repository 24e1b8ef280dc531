"""The page of a batch run in the Temporal UI, as markdown."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.batch import BatchRunResult


def run_page(result: BatchRunResult) -> str:
    """Status first, then why, then what ran and who wanted it, then where to look further."""
    name = f"{result.environment}-{result.application}-{result.role}"
    number = f" #{result.number}" if result.number else ""
    parts = [f"## {name}{number}: {result.status}"]
    if result.cause:
        parts.append("\n".join(f"> {line}" for line in result.cause.splitlines()))
    by = f"Started by {result.started_by or 'somebody'}"
    parts.append(f"{by}{f': {result.reason}' if result.reason else ''}")
    facts = []
    if result.commit:
        facts.append(f"- commit `{result.commit}`, image `{result.digest}`")
    if result.seconds is not None:
        facts.append(f"- {result.seconds:.1f} s")
    facts += [f"- `onward show {result.run}`", f"- `onward logs {result.run}`"]
    return "\n\n".join([*parts, "\n".join(facts)])

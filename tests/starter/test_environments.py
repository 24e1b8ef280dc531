"""``onward env`` as a person calls it."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from tests.fakes.onward import MemoryOnward
from tests.starter.conftest import Asks
from tests.starter.test_usage import ALONE


def test_nothing_is_applied_unasked() -> None:
    error = ALONE.json("env", "apply", "prod", exit_code=2)["error"]

    assert "expected: --yes, or a terminal" in error["message"]


async def test_a_difference_is_exit_code_1_until_it_is_applied(asks: Asks, temporal: WorkflowEnvironment) -> None:
    onward = MemoryOnward()
    onward.publish("cart")
    network = f"prod-{onward.application}"
    async with onward.workers(temporal.client):
        before = await asks("env", "diff", "prod")
        applied = await asks("env", "apply", "prod", "--yes", "--json")
        after = await asks("env", "diff", "prod", "--json")
        again = await asks("env", "apply", "prod", "--yes")
        shown = await asks("env", "show", "prod")

    assert (before.exit_code, applied.exit_code, after.exit_code, again.exit_code, shown.exit_code) == (1, 0, 0, 0, 0)
    assert network in before.stdout
    assert [each["name"] for each in applied.document["applied"]] == [network, f"{network}-data"]
    assert (applied.document["to_do"], after.document["to_do"]) == ([], [])
    assert "nothing to do: prod has what it needs" in again.stdout + again.stderr
    assert "no edge is made here" in shown.stdout

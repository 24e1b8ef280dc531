"""``onward scale`` as a person calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.fakes.onward import MemoryOnward
from tests.starter.conftest import Asks
from tests.starter.test_usage import ALONE
from tests.workflows.releasing import released

WHY = ("--reason", "the sale begins", "--by", "ann")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["prod", "shop", "cart"], "that is not one change"),
        (["ci", "shop", "cart", "2", "--mirror", "prod"], "that is not one change"),
        (["prod", "shop", "cart", "2"], "--reason: it is empty"),
        (["prod", "shop", "--mirror", "prod", *WHY], "only ci mirrors, and only prod"),
        (["ci", "shop", "--mirror", "ci", *WHY], "only ci mirrors, and only prod"),
        (["prod", "shop", "--reset", *WHY], "only ci mirrors, and only prod"),
        (["ci", "shop", "--mirror", "prod", "--for", "soon", *WHY], "--for: 'soon'"),
        (["ci", "shop", "--mirror", "prod", "--for", "0s", *WHY], "lasts"),
        (["prod", "Shop", "cart", "2", *WHY], "Shop-cart is no service"),
        (["prod", "shop", "cart", "-1", *WHY], "No such option: -1"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(words: list[str], expected: str) -> None:
    error = ALONE.json("scale", *words, exit_code=2)["error"]

    assert error["kind"] == "InvalidInput"
    assert expected in error["message"]


@pytest.fixture
async def shop(temporal: WorkflowEnvironment) -> AsyncIterator[str]:
    """An application whose cart is released."""
    onward = MemoryOnward()
    async with onward.workers(temporal.client):
        await released(temporal.client, onward.commit())
        yield onward.application


async def test_sizes_are_changed_shown_mirrored_and_reset(asks: Asks, shop: str) -> None:
    done = await asks("scale", "prod", shop, "cart", "3", *WHY)
    assert (done.exit_code, done.stdout) == (0, f"prod-{shop}-cart: 1 → 3, all serve\n"), str(done)
    refused = await asks("scale", "prod", shop, "cart", "9", *WHY)
    assert refused.exit_code == 4
    assert "may have 1 to 5 replicas" in refused.stderr
    mirror = await asks("scale", "ci", shop, "--mirror", "prod", *WHY)
    assert (mirror.exit_code, mirror.stdout.startswith("cart: 1 → 3\nends by itself at ")) == (0, True), str(mirror)
    shown = await asks("scale", "ci", shop)
    assert "mirrors prod" in shown.stdout
    assert "the sale begins" in shown.stdout
    assert (await asks("scale", "ci", shop, "--reset", *WHY)).stdout == "cart: 3 → 1\n"


async def test_what_is_not_deployed_is_said(asks: Asks, shop: str) -> None:
    answer = await asks("scale", "prod", shop, "catalog", "2", *WHY, "--json")

    assert answer.exit_code == 2
    assert f"prod-{shop}-catalog is not deployed" in answer.document["error"]["message"]

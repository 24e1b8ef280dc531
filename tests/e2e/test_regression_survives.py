"""What dies in the middle of a regression: the verdict comes, finished suites are not run again, no slice is left."""

from __future__ import annotations

import time

import pytest
from docker import DockerClient

from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.disturbance import killed, temporal, until
from tests.e2e.engine_events import suites_made
from tests.e2e.slices import slices_of

SUITE = "cart/tests/integration/test_cart.py"


def _slow_cart(application: Application) -> None:
    """Cart's own new suite takes ten seconds longer than the others."""
    case = "def test_a_cart_can_be_emptied(self):\n"
    application.change(SUITE, case, f"{case}        __import__('time').sleep(10)\n")


def _log_of_checkout_is_there(application: Application) -> bool:
    release = f"release:{application.name}-cart:{application.commit[:12]}"
    return application.onward.run("logs", release, "--step", "regression-1-checkout-published").exit_code == 0


@pytest.mark.parametrize("part", ["worker-ci", "worker-orchestrate"])
def test_a_worker_is_killed_while_suites_run(
    shop: Application, stack_settings: StackSettings, engine: DockerClient, part: str
) -> None:
    shop.change("cart/app.py", '"CARTS_LIMIT", "10000"', f'"CARTS_LIMIT", "{10_000 + len(part)}"')
    _slow_cart(shop)
    with suites_made(stack_settings, shop) as made:
        release = shop.start("cart")
        until(lambda: _log_of_checkout_is_there(shop))
        killed(stack_settings, part)
        document = shop.ended(release)

    assert document["status"] == "verified"
    assert made["checkout-published"] == 1, made
    assert made["cart-own-new"] == (2 if part == "worker-ci" else 1), made
    until(lambda: slices_of(engine, shop) == [], seconds=20)


def test_a_cancelled_release_takes_its_slice_along(
    shop: Application, stack_settings: StackSettings, engine: DockerClient
) -> None:
    _slow_cart(shop)
    release = shop.start("cart")
    until(lambda: any("suite" in name for name in slices_of(engine, shop)))

    began = time.monotonic()
    temporal(stack_settings, "workflow", "cancel", "-w", f"release:{shop.name}-cart:{shop.commit[:12]}")

    document = shop.ended(release, 1)
    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("regression", "Cancelled")
    until(lambda: slices_of(engine, shop) == [], seconds=20)
    assert time.monotonic() - began < 30

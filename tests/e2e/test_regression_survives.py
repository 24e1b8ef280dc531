"""What dies in the middle of a regression: the verdict comes, finished suites are not run again, no slice is left."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from docker import DockerClient

from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.disturbance import TEMPORAL, killed, until
from tests.e2e.slices import slices_of

SUITE = "cart/tests/integration/test_cart.py"


def _slow_cart(application: Application) -> None:
    """Cart's own new suite takes ten seconds longer than the others."""
    case = "def test_a_cart_can_be_emptied(self):\n"
    application.change(SUITE, case, f"{case}        __import__('time').sleep(10)\n")


def _log_of_checkout_is_there(application: Application) -> bool:
    release = f"release:{application.name}-cart:{application.commit[:12]}"
    return application.onward.run("logs", release, "--step", "regression-1-checkout-published").exit_code == 0


def _suites_made(engine: DockerClient, application: Application, since: datetime) -> Counter[str]:
    """How often the container of each suite was made."""
    events = engine.events(
        since=since, until=datetime.now(UTC), decode=True, filters={"type": "container", "event": "create"}
    )
    names = [event["Actor"]["Attributes"] for event in events]
    ours = [each["name"] for each in names if each.get("onward.application") == application.name]
    return Counter(name.partition("-suite-")[2] for name in ours if "-suite-" in name)


@pytest.mark.parametrize("part", ["worker-ci", "worker-orchestrate"])
def test_a_worker_is_killed_while_suites_run(
    shop: Application, stack_settings: StackSettings, engine: DockerClient, part: str
) -> None:
    shop.change("cart/app.py", "CARTS_LIMIT = 10_000", f"CARTS_LIMIT = {10_000 + len(part)}")
    _slow_cart(shop)
    began = datetime.now(UTC)
    release = shop.start("cart")
    until(lambda: _log_of_checkout_is_there(shop))

    killed(stack_settings, part)

    document = shop.ended(release)
    assert document["status"] == "verified"
    made = _suites_made(engine, shop, began)
    assert made["checkout-published"] == 1, made
    assert made["cart-own-new"] == (2 if part == "worker-ci" else 1), made
    until(lambda: slices_of(engine, shop) == [], seconds=20)
    shop.back_to(shop.base)


def test_a_cancelled_release_takes_its_slice_along(
    shop: Application, stack_settings: StackSettings, engine: DockerClient
) -> None:
    _slow_cart(shop)
    release = shop.start("cart")
    until(lambda: any("suite" in name for name in slices_of(engine, shop)))

    workflow = f"release:{shop.name}-cart:{shop.commit[:12]}"
    address = f"127.0.0.1:{stack_settings.temporal_port}"
    began = time.monotonic()
    subprocess.run([TEMPORAL, "workflow", "cancel", "-w", workflow, "--address", address], check=True)

    document = shop.ended(release, 1)
    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("regression", "Cancelled")
    until(lambda: slices_of(engine, shop) == [], seconds=20)
    assert time.monotonic() - began < 30
    shop.back_to(shop.base)

"""What dies in the middle of a regression: the verdict comes, finished suites are not run again, no slice is left."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from docker import DockerClient

from engines.docker_api import connect
from engines.labels import Label
from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.disturbance import killed, temporal, until
from tests.e2e.slices import slices_of

SUITE = "cart/tests/integration/test_cart.py"


def _slow_cart(application: Application) -> None:
    """Cart's own new suite takes ten seconds longer than the others."""
    case = "def test_a_cart_can_be_emptied(self):\n"
    application.change(SUITE, case, f"{case}        __import__('time').sleep(10)\n")


def _log_of_checkout_is_there(application: Application) -> bool:
    release = f"release:{application.name}-cart:{application.commit[:12]}"
    return application.onward.run("logs", release, "--step", "regression-1-checkout-published").exit_code == 0


class SuitesMade:
    """Counts how often the container of each suite is made, as the engine tells it."""

    def __init__(self, settings: StackSettings, application: Application) -> None:
        self._engine = connect(settings.docker_host)
        self._application = application.name
        self._events = self._engine.events(decode=True, filters={"type": "container", "event": "create"})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Counter[str]:
        self._reader.start()
        return self.counts

    def __exit__(self, *_: object) -> None:
        self._events.close()
        self._reader.join(10)
        self._engine.close()

    def _read(self) -> None:
        for event in self._events:
            told = event["Actor"]["Attributes"]
            if told.get(Label.APPLICATION) == self._application and "-suite-" in told["name"]:
                self.counts[told["name"].partition("-suite-")[2]] += 1


@pytest.mark.parametrize("part", ["worker-ci", "worker-orchestrate"])
def test_a_worker_is_killed_while_suites_run(
    shop: Application, stack_settings: StackSettings, engine: DockerClient, part: str
) -> None:
    shop.change("cart/app.py", '"CARTS_LIMIT", "10000"', f'"CARTS_LIMIT", "{10_000 + len(part)}"')
    _slow_cart(shop)
    with SuitesMade(stack_settings, shop) as made:
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

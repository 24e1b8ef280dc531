"""What a change breaks is found before it is published: by its own suites, old and new, and by all others'.

Whatever dies meanwhile: the verdict comes, finished suites are not run again, and no slice is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient

from examples.repository import rename_in_cart
from settings import StackSettings
from tests.e2e.application import Application, an_application
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import killed, temporal, until
from tests.e2e.engine_events import suites_made
from tests.e2e.slices import slices_of

NOT_FOR_SALE = "test_smoke_what_is_not_for_sale_is_not_found"
CATALOG_SUITE = "catalog/tests/integration/suite.py"
CART_CASES = "cart/tests/integration/test_cart.py"

#: A suite that does not do what a suite is to do, and what is said of it.
BROKEN = {
    "runs no test": (
        "from pathlib import Path\nPath('/reports/junit.xml').write_text('<testsuite/>')\n",
        "it ran no test",
    ),
    "hangs": ("import time\ntime.sleep(600)\n", "it did not end in time"),
    "writes broken XML": (
        "from pathlib import Path\nPath('/reports/junit.xml').write_text('<testsuite><testcase')\n",
        "its JUnit XML cannot be read",
    ),
    "prints 50 MB": ("for _ in range(50):\n    print('x' * 1_000_000)\n", "it printed more than 32 MiB"),
    "is killed for memory": ("held = ['x' * 10_000_000 for _ in range(1000)]\n", "it was killed: out of memory"),
}


@pytest.fixture
def shop(released_shop: Application) -> Iterator[Application]:
    """The shop of a module, at the commit of :attr:`Application.base`."""
    yield released_shop
    released_shop.back_to(released_shop.base)


@pytest.fixture(scope="module")
def released_shop(
    onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    """An example application of which catalog, cart and checkout are released; for all cases of a module."""
    with an_application(onward, stack_settings, tmp_path_factory.mktemp("shop")) as application:
        application.release_together("catalog", "cart", "checkout")
        yield application


def _suites(document: Any) -> dict[tuple[str, str], str]:
    return {(each["service"]["role"], each["origin"]): each["verdict"] for each in document["regression"]["suites"]}


def test_the_classic_failure_is_stopped_by_the_suite_of_the_service_that_it_breaks(
    shop: Application, engine: DockerClient
) -> None:
    before = shop.deployed("cart")
    shop.commit = rename_in_cart(shop.repository)

    document = shop.release("cart", exit_code=1)

    failure = document["failure"]
    assert (document["status"], failure["stage"], failure["kind"]) == ("failed", "regression", "RegressionFailed")
    assert failure["message"].startswith(f"checkout's published suite (release:{shop.name}-checkout:")
    assert "test_checkout." in failure["message"]
    assert "failed" in failure["message"]
    suites = _suites(document)
    assert (suites["cart", "own new"], suites["cart", "own previous"]) == ("passed", "passed")
    assert suites["checkout", "published"] == "failed"
    assert shop.deployed("cart") == before
    until(lambda: slices_of(engine, shop) == [])
    why = shop.onward.run("why", document["release"]).stdout
    assert "checkout's published suite" in why
    log = shop.onward.run("logs", document["release"], "--step", "regression-1-checkout-published").stdout
    assert "test_it_is_the_order_of_the_cart_that_was_asked_for" in log


def test_a_change_that_only_its_own_previous_suite_minds_needs_a_retirement(shop: Application) -> None:
    shop.change("catalog/app.py", 'f"the shop sells no {product}"', '"there is no such thing"')
    shop.change("catalog/tests/integration/test_catalog.py", 'self.assertIn("unicorn"', 'self.assertIn("no such thing"')

    refused = shop.release("catalog", exit_code=1)

    assert refused["failure"]["message"].startswith(f"catalog's own previous suite (release:{shop.name}-catalog:")
    assert NOT_FOR_SALE in refused["failure"]["message"]
    suites = _suites(refused)
    assert (suites["catalog", "own new"], suites["catalog", "own previous"]) == ("passed", "failed")

    shop.change(
        "catalog/service.yaml",
        '  smoke: {case: "test_smoke*"}\n',
        f'  smoke: {{case: "test_smoke*"}}\n'
        f'  retired: [{{case: "*{NOT_FOR_SALE}", reason: nobody reads that text, owner: shop-team}}]\n',
    )
    passed = shop.release("catalog")

    assert passed["status"] == "verified"
    assert _suites(passed)["catalog", "own previous"] == "passed"
    previous = next(each for each in passed["regression"]["suites"] if each["origin"] == "own previous")
    assert "1 did not and is excused" in previous["reason"]
    shop.base = shop.commit


def test_a_retirement_that_matches_no_case_is_refused(shop: Application) -> None:
    shop.change("catalog/app.py", '"price": 450', '"price": 451')
    definition = (shop.repository / "catalog" / "service.yaml").read_text()
    kept = [line for line in definition.splitlines() if "retired:" not in line]
    smoke = next(index for index, line in enumerate(kept) if "smoke:" in line)
    kept.insert(smoke + 1, '  retired: [{case: "*test_nobody", reason: none, owner: shop-team}]')
    shop.write("catalog/service.yaml", "\n".join([*kept, ""]))

    document = shop.release("catalog", exit_code=1)

    assert document["failure"]["stage"] == "regression"
    assert "no case is called '*test_nobody', which is retired by shop-team" in document["failure"]["message"]


@pytest.mark.parametrize("how", BROKEN)
def test_a_suite_that_is_none_fails_for_that(shop: Application, engine: DockerClient, how: str) -> None:
    text, reason = BROKEN[how]
    shop.write(CATALOG_SUITE, text)
    if how == "hangs":
        shop.change("catalog/service.yaml", "{context: tests/integration}", "{context: tests/integration, timeout: 4s}")

    document = shop.release("catalog", exit_code=1)

    assert document["failure"]["stage"] == "regression"
    assert document["failure"]["message"].startswith(f"catalog's own new suite: {reason}")
    assert _suites(document)["catalog", "own new"] == "failed"
    until(lambda: slices_of(engine, shop) == [])


def _slow_cart(application: Application, seconds: int = 10) -> None:
    """Cart's own new suite takes so much longer than the others."""
    case = "def test_a_cart_can_be_emptied(self):\n"
    application.change(CART_CASES, case, f"{case}        __import__('time').sleep({seconds})\n")


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
    until(lambda: slices_of(engine, shop) == [])


def test_a_cancelled_release_takes_its_slice_along(
    shop: Application, stack_settings: StackSettings, engine: DockerClient
) -> None:
    _slow_cart(shop, 900)
    release = shop.start("cart")
    until(lambda: any("suite" in name for name in slices_of(engine, shop)))

    temporal(stack_settings, "workflow", "cancel", "-w", f"release:{shop.name}-cart:{shop.commit[:12]}")

    document = shop.ended(release, 1)
    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("regression", "Cancelled")
    until(lambda: slices_of(engine, shop) == [])

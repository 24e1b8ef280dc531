"""Monitors on a whole stack: under load, with rules that are wrong, and without Prometheus for a while."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
import requests

from domain.environment import ENVIRONMENTS, Environment
from examples.repository import break_cart, mend_cart
from settings import StackSettings
from stack.prometheus import prometheus_url
from tests.e2e.application import Application
from tests.e2e.disturbance import killed, pending_activity, stopped, temporal, until
from tests.e2e.load import ENOUGH, Load

RULES = "cart/monitors/cart.yaml"
STANDARD = {"ErrorRatioHigh", "LatencyHigh", "ReplicasMissing", "ReplicasUnknown", "TasksFail"}


def _monitors(settings: StackSettings, application: Application, role: str) -> dict[str, set[str]]:
    """Environment → the monitors that Prometheus judges for a role there."""
    answer = requests.get(f"{prometheus_url(settings)}/api/v1/rules", timeout=10).json()
    rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
    ours = {"application": application.name, "role": role}
    own = {each.value: (ours | {"environment": each.value}).items() for each in ENVIRONMENTS}
    return {each: {rule["name"] for rule in rules if labels <= rule["labels"].items()} for each, labels in own.items()}


def _since(load: Load, before: Counter[str]) -> Counter[str]:
    return load.answers - before


def test_what_fails_under_load_is_caught_in_the_bake_and_what_is_good_loses_no_request(
    application: Application, stack_settings: StackSettings, told: Callable[[str], None]
) -> None:
    application.bakes()
    application.release_together("catalog", "cart")
    assert _monitors(stack_settings, application, "cart") == {
        each.value: STANDARD | {"CartFails"} for each in ENVIRONMENTS
    }
    path = f"/{application.name}/cart"
    application.get(Environment.PROD, path)

    with Load(application.url(Environment.PROD, path)) as load:
        application.change(
            "cart/app.py",
            '"""How many carts have something in them, and how many products that is."""',
            '"""How many."""',
        )
        good = application.release("cart")
        during_good = Counter(load.answers)

        application.commit = break_cart(application.repository)
        bad = application.release("cart", exit_code=1)
        during_bad = _since(load, during_good)

        before_fix = Counter(load.answers)
        fix = application.onward.json(*application.fix_words("cart", mend_cart(application.repository)))
        mended = Counter(load.answers)
        during_fix = mended - before_fix
        until(lambda: _since(load, mended).total() > ENOUGH)
        after_fix = _since(load, mended)

    told(f"  good release: {during_good}")
    told(f"  bad release: {during_bad}")
    told(f"  its fix: {during_fix}")
    told(f"  after it: {after_fix}")
    assert set(load.answers) <= {"200", "500"}, "none was lost: the service itself answered each"
    assert set(during_good) == {"200"}, during_good
    assert during_good.total() > ENOUGH
    assert set(after_fix) == {"200"}, after_fix
    assert re.search(r"CartFails saw [1-9]\d* requests", good["stages"][-1]["detail"])
    assert bad["failure"]["stage"] == "verify prod"
    assert "CartFails fires {" in bad["failure"]["message"]
    assert f'application="{application.name}"' in bad["failure"]["message"]
    assert 0 < during_bad["500"] < during_bad["200"] / 10
    assert fix["status"] == "verified"


@pytest.mark.without_suites
def test_a_rule_with_faulty_logic_is_stopped_before_it_is_published_and_one_that_is_removed_is_gone(
    application: Application, stack_settings: StackSettings
) -> None:
    application.release("cart")
    application.change(RULES, "> 0.01", "> 0.1")

    document = application.release("cart", exit_code=1)

    assert document["failure"]["stage"] == "build"
    assert document["number"] is None
    message = document["failure"]["message"]
    test = "monitors/cart_test.yaml: two in a hundred fail"
    assert f"monitors/cart.yaml: CartFails fails the test {test!r} at 30s" in message
    assert 'expected: Labels:{alertname="CartFails"' in message
    assert "got: no alert" in message
    with_it = {each.value: STANDARD | {"CartFails"} for each in ENVIRONMENTS}
    assert _monitors(stack_settings, application, "cart") == with_it

    application.change("cart/service.yaml", "monitors: monitors/\n", "")
    application.release("cart")
    assert _monitors(stack_settings, application, "cart") == {each.value: STANDARD for each in ENVIRONMENTS}


@pytest.mark.without_suites
def test_a_bake_outlasts_a_prometheus_that_is_silent_and_one_that_is_killed(
    application: Application, stack_settings: StackSettings
) -> None:
    application.bakes()
    release = application.start("cart")
    until(lambda: application.stage("cart") == "verify ci")
    killed(stack_settings, "prometheus")
    until(lambda: application.stage("cart") == "verify prod")
    with stopped(stack_settings, "prometheus"):
        until(lambda: "does not answer" in application.onward.run("why", f"{application.name}-cart").stdout)

    document = application.ended(release)

    assert document["status"] == "verified"
    assert "6 monitors silent" in document["stages"][-1]["detail"]


@pytest.mark.without_suites
def test_a_prometheus_that_stays_away_during_the_bake_fails_the_release_as_such(
    application: Application, stack_settings: StackSettings
) -> None:
    """Five minutes are waited for it; on-call, who knows better, ends that by hand."""
    application.bakes()
    release = application.start("cart")
    until(lambda: application.stage("cart") == "verify ci")
    with stopped(stack_settings, "prometheus"):
        until(lambda: "does not answer" in application.onward.run("why", f"{application.name}-cart").stdout)
        workflow = f"release:{application.name}-cart:{application.commit[:12]}"
        activity = pending_activity(stack_settings, workflow)
        temporal(stack_settings, "activity", "update-options", *activity, "--retry-maximum-attempts", "1")
        document = application.ended(release, 1)

    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("verify ci", "Unreachable")
    assert re.search(r"Prometheus at \S+ does not answer", document["failure"]["message"])
    assert application.deployed("cart").keys() == {"ci"}

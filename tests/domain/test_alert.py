"""Which alerts are about a release in prod."""

from __future__ import annotations

from typing import Any

import pytest

from domain.alert import Alert, Delivery, firing_in_prod, why_ignored
from tests.domain.builders import state

LABELS = {"alertname": "InstanceDown", "environment": "prod", "application": "shop", "role": "cart"}


def delivery(labels: dict[str, str], status: str = "firing") -> Delivery:
    alert: dict[str, Any] = {"status": status, "labels": labels, "startsAt": "2026-01-02T03:04:05Z", "fingerprint": "f"}
    return Delivery.model_validate({"version": "4", "alerts": [alert]})


def test_an_alert_that_fires_in_prod_names_its_service() -> None:
    (alert,), ignored = firing_in_prod(delivery(LABELS))

    assert str(alert.service) == "shop-cart"
    assert ignored == ()


@pytest.mark.parametrize(
    ("labels", "status", "why"),
    [
        (LABELS, "resolved", "it is resolved"),
        (LABELS | {"environment": "ci"}, "firing", "it is of ci"),
        ({"alertname": "Watchdog"}, "firing", "it has no label environment, application, role"),
        (LABELS | {"role": ""}, "firing", "it has no label role"),
        (LABELS | {"application": "My Shop"}, "firing", "its labels application and role name no service"),
    ],
)
def test_every_other_alert_is_ignored_and_why_is_said(labels: dict[str, str], status: str, why: str) -> None:
    firing, (ignored,) = firing_in_prod(delivery(labels, status))

    assert firing == ()
    assert (ignored.alert, ignored.why) == (labels["alertname"], why)


def test_a_release_that_is_on_its_way_is_judged_by_its_own_bake() -> None:
    (alert,), _ = firing_in_prod(delivery(LABELS))

    assert why_ignored(alert, state(), running=False) is None
    assert why_ignored(alert, state(), running=True) == f"{state().release} is still on its way: its own bake judges"
    assert why_ignored(alert, None, running=False) == "shop-cart is not deployed in prod"


def test_what_a_rule_says_is_one_line() -> None:
    (alert,), _ = firing_in_prod(delivery(LABELS))
    described = alert.model_copy(update={"annotations": {"description": "no\n  instance answers"}})

    assert alert.text == "InstanceDown"
    assert described.text == "no instance answers"


def test_an_alert_reads_back_as_it_was_written() -> None:
    (alert,), _ = firing_in_prod(delivery(LABELS))

    assert Alert.model_validate_json(alert.model_dump_json()) == alert

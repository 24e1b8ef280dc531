"""Alerts beside real releases: what prod runs, and whether its release is still on its way."""

from __future__ import annotations

import json
import re
import threading

from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain.alert import Delivery
from domain.environment import Environment
from domain.identity import canonical_name
from starter.alerts import alerts_of
from starter.listening import Listener
from tests.fakes.onward import MemoryOnward
from tests.workflows.conftest import local_server
from tests.workflows.incidents import Incident
from tests.workflows.releasing import released, started


def delivery(application: str) -> Delivery:
    labels = {"alertname": "InstanceDown", "environment": "prod", "application": application, "role": "cart"}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-01-02T03:04:05Z", "fingerprint": "f"}
    return Delivery.model_validate({"version": "4", "alerts": [alert]})


async def test_an_alert_about_a_verified_release_opens_one_roll_forward_however_often_it_comes(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    alerts = alerts_of(temporal.client)
    heard = await alerts.hear(delivery(onward.application))
    assert [each.why for each in heard.ignored] == [f"{onward.application}-cart is not deployed in prod"]
    first = onward.commit()
    await released(temporal.client, first)

    for _ in range(2):
        heard = await alerts.hear(delivery(onward.application))
        assert [each.roll_forward for each in heard.opened] == [f"roll-forward:{first.service}"]

    incident = Incident(temporal.client, first)
    view = await incident.until(lambda view: view.frozen)
    assert [each.request.commit for each in view.incident.attempts] == [first.commit]
    assert view.incident.first.failure is not None
    assert view.incident.first.failure.message == "InstanceDown: InstanceDown"
    assert view.incident.first.number == 1

    await incident.fix(onward.commit(level="good"))
    assert (await incident.closed()).incident.attempts[-1].number == 2


async def test_a_release_on_its_way_is_judged_by_its_own_bake(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    first = onward.commit()
    await released(temporal.client, first)
    onward.builder.blocked = threading.Event()
    second = onward.commit(dockerfile="FROM base\nRUN true\n")
    await started(temporal.client, second)
    prod = canonical_name(Environment.PROD, first.service)
    onward.engine.states[prod] = onward.engine.states[prod].model_copy(update={"release": second.id})

    heard = await alerts_of(temporal.client).hear(delivery(onward.application))

    assert [each.why for each in heard.ignored] == [f"{second.id} is still on its way: its own bake judges"]
    onward.builder.blocked.set()


async def test_when_temporal_goes_away_alertmanager_is_to_try_again() -> None:
    async with await local_server() as server:
        address = server.client.service_client.config.target_host
        client = await Client.connect(address, data_converter=pydantic_data_converter)
    listener = Listener(alerts_of(client), SecretStr(""))
    async with TestClient(TestServer(listener.application())) as http:
        answer = await http.post("/alerts", data=delivery("shop").model_dump_json())
        assert answer.status == 503
        assert re.match(r"Temporal( at \S+)? does not answer", json.loads(await answer.text())["error"])

"""``onward listen`` over real HTTP, with an opener that only remembers."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from domain.alert import Alert
from domain.deployment import ServiceState
from domain.environment import Environment
from domain.errors import InvalidInput, OnwardError, Unreachable
from settings import inherited_environment
from starter.alerts import Alerts
from starter.listening import SIZE_LIMIT, Listener, parse_address
from tests.domain.builders import state

ROOT = Path(__file__).parents[2]
LABELS = {"alertname": "InstanceDown", "environment": "prod", "application": "shop", "role": "cart"}
DEPLOYED = state().model_copy(update={"environment": Environment.PROD})


def body(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What Alertmanager 0.27 sends."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="InstanceDown"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "onward",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.test",
        "alerts": list(alerts),
    } | changes


def alert(status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": LABELS | labels,
        "annotations": {"summary": "no instance of shop-cart answers"},
        "startsAt": "2026-01-02T03:04:05.678Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.test/graph",
        "fingerprint": "a1b2c3",
    }


class Listening:
    """The listener on a port of its own, and what it asked for."""

    def __init__(self) -> None:
        self.there: list[ServiceState] = [DEPLOYED]
        self.running: set[str] = set()
        self.opened: list[tuple[ServiceState, Alert]] = []
        self.fault: OnwardError | None = None
        self.alerts = Alerts(self._deployed, self._running, self._opens)
        self.token = ""

    async def post(self, content: object, token: str | None = None) -> tuple[int, dict[str, Any]]:
        data = io.BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
        headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token is not None else {})
        async with (
            self._server() as server,
            ClientSession() as session,
            session.post(server.make_url("/alerts"), data=data, headers=headers) as answer,
        ):
            return answer.status, await answer.json()

    async def healthy(self) -> int:
        async with (
            self._server() as server,
            ClientSession() as session,
            session.get(server.make_url("/healthz")) as answer,
        ):
            return answer.status

    def _server(self) -> TestServer:
        return TestServer(Listener(self.alerts, SecretStr(self.token)).application())

    async def _deployed(self, application: str) -> Sequence[ServiceState]:
        if self.fault:
            raise self.fault
        return [one for one in self.there if one.service.application == application]

    async def _running(self, release: str) -> bool:
        return release in self.running

    async def _opens(self, state: ServiceState, alert: Alert) -> str:
        self.opened.append((state, alert))
        return f"roll-forward:{state.service}"


@pytest.fixture
def listening() -> Listening:
    return Listening()


async def test_an_alert_that_fires_opens_the_roll_forward_of_what_is_deployed(listening: Listening) -> None:
    status, answer = await listening.post(body(alert()))

    assert (status, answer["opened"]) == (200, [{"alert": "InstanceDown", "roll_forward": "roll-forward:shop-cart"}])
    ((of, about),) = listening.opened
    assert (of.release, of.number, of.commit) == (DEPLOYED.release, DEPLOYED.number, DEPLOYED.commit)
    assert (about.fingerprint, about.text) == ("a1b2c3", "no instance of shop-cart answers")


async def test_the_same_delivery_again_asks_for_the_same_again(listening: Listening) -> None:
    assert await listening.post(body(alert())) == await listening.post(body(alert()))
    assert listening.opened[0] == listening.opened[1]


async def test_alerts_of_others_are_ignored_and_why_is_said(listening: Listening) -> None:
    watchdog = {"status": "firing", "labels": {"alertname": "Watchdog"}, "startsAt": "2026-01-02T03:04:05Z"}
    status, answer = await listening.post(body(alert("resolved"), alert(environment="ci"), watchdog, alert(role="web")))

    assert (status, answer["opened"], listening.opened) == (200, [], [])
    assert [one["why"] for one in answer["ignored"]] == [
        "it is resolved",
        "it is of ci",
        "it has no label environment, application, role",
        "shop-web is not deployed in prod",
    ]


async def test_a_release_on_its_way_is_left_to_its_own_bake(listening: Listening) -> None:
    listening.running.add(DEPLOYED.release)
    _, answer = await listening.post(body(alert()))

    assert listening.opened == []
    assert answer["ignored"] == [
        {"alert": "InstanceDown", "why": f"{DEPLOYED.release} is still on its way: its own bake judges"}
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{not json", "Invalid JSON"),
        (b"[]", "this is no delivery of Alertmanager, version 4"),
        (body(version="3"), "version: Input should be '4'"),
        (body({"status": "firing", "labels": LABELS}), "alerts.0.startsAt: Field required"),
        (b"\xff\xfe", "Invalid JSON"),
    ],
)
async def test_what_is_no_delivery_is_answered_with_what_is_wrong(
    listening: Listening, content: object, said: str
) -> None:
    status, answer = await listening.post(content)

    assert status == 400
    assert said in answer["error"]


async def test_a_delivery_that_is_too_large_is_not_read(listening: Listening) -> None:
    assert (await listening.post(b" " * (SIZE_LIMIT + 1)))[0] == 413
    assert (await listening.post(json.dumps(body(alert())).encode().ljust(SIZE_LIMIT)))[0] == 200


@pytest.mark.parametrize("shown", [None, "", "Bearer wrong", "right", "Basic right", "Bearer ünï"])
async def test_without_the_token_nothing_is_opened(listening: Listening, shown: str | None) -> None:
    listening.token = "right"

    assert (await listening.post(body(alert()), shown))[0] == 401
    assert await listening.healthy() == 200


async def test_with_the_token_it_is(listening: Listening) -> None:
    listening.token = "right"

    assert (await listening.post(body(alert()), "Bearer right"))[0] == 200
    assert len(listening.opened) == 1


async def test_when_nobody_can_say_what_is_deployed_alertmanager_is_to_try_again(listening: Listening) -> None:
    listening.fault = Unreachable("worker", "prod", "no worker takes the question")
    status, answer = await listening.post(body(alert()))

    assert (status, answer["error"]) == (503, "worker at prod does not answer: no worker takes the question")


@pytest.mark.parametrize("address", ["", "9095", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "http://127.0.0.1:1"])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(InvalidInput, match="host:port"):
        parse_address(address, SecretStr("token"))


def test_an_address_that_others_can_reach_needs_a_token() -> None:
    assert parse_address("127.0.0.1:9095", SecretStr("")) == ("127.0.0.1", 9095)
    assert parse_address("[::1]:0", SecretStr("")) == ("::1", 0)
    assert parse_address("0.0.0.0:9095", SecretStr("token")) == ("0.0.0.0", 9095)  # noqa: S104
    with pytest.raises(InvalidInput, match="ONWARD_LISTEN_TOKEN"):
        parse_address("0.0.0.0:9095", SecretStr(""))


ALONE = """
import asyncio
from pydantic import SecretStr
from starter.alerts import Alerts
from starter.listening import Listener, serve

async def nothing(*_): return ()

listener = Listener(Alerts(nothing, nothing, nothing), SecretStr(""))
asyncio.run(serve(listener, "127.0.0.1", 0, ready=lambda port: print(port, flush=True)))
print("ended")
"""


async def test_sigterm_ends_it_cleanly() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ALONE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=inherited_environment(),
    )
    assert process.stdout is not None
    port = int(await asyncio.wait_for(process.stdout.readline(), 30))
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    said, complained = await asyncio.wait_for(process.communicate(), 30)

    assert (process.returncode, said, complained) == (0, b"ended\n", b"")

"""The HTTP endpoint that Alertmanager talks to."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import logging
import signal
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import SecretStr, ValidationError
from temporalio.service import RPCError

from domain.alert import Delivery
from domain.errors import Conflict, InvalidInput, OnwardError, Unreachable
from starter.alerts import Alerts

log = logging.getLogger("onward.listen")

#: Bytes of one delivery.
SIZE_LIMIT = 1024 * 1024

#: Seconds for one delivery; longer than a lookup may take, whose own error says more.
TIMEOUT = 90.0

#: Seconds for what is under way when the process is told to end.
GRACE = 20.0


class Listener:
    """``POST /alerts`` and ``GET /healthz``.

    Alertmanager tries again after a 5xx and gives up after a 4xx.

    :param token: what a delivery must show as its bearer token; empty for none.
    """

    def __init__(self, alerts: Alerts, token: SecretStr) -> None:
        self._alerts = alerts
        self._token = token.get_secret_value().encode()

    def application(self) -> web.Application:
        """What serves the requests."""
        application = web.Application(client_max_size=SIZE_LIMIT)
        application.router.add_post("/alerts", self._receive)
        application.router.add_get("/healthz", self._healthy)
        return application

    async def _healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _receive(self, request: web.Request) -> web.Response:
        if not self._is_allowed(request):
            return _refused(
                401, "a bearer token is needed, and it must be the right one", {"WWW-Authenticate": "Bearer"}
            )
        try:
            content = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _refused(413, f"a delivery has at most {SIZE_LIMIT} bytes")
        try:
            delivery = Delivery.model_validate_json(content)
        except ValidationError as error:
            return _refused(400, f"this is no delivery of Alertmanager, version 4: {_fault(error)}")
        try:
            async with asyncio.timeout(TIMEOUT):
                heard = await self._alerts.hear(delivery)
        except (Unreachable, Conflict) as error:
            return _refused(503, str(error))
        except RPCError as error:
            return _refused(503, f"Temporal does not answer: {error.status.name.lower()}")
        except TimeoutError:
            return _refused(503, f"no answer in {TIMEOUT:g} s")
        except OnwardError as error:
            return _refused(500, str(error))
        return web.json_response(heard.model_dump(mode="json"))

    def _is_allowed(self, request: web.Request) -> bool:
        shown = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        return not self._token or hmac.compare_digest(shown, b"Bearer " + self._token)


async def serve(listener: Listener, host: str, port: int, *, ready: Callable[[int], None]) -> None:
    """Listen until SIGTERM or SIGINT; what is under way then gets 20 s.

    :param ready: is told the port as soon as requests are taken.
    :raises InvalidInput: the address is not this machine's, or taken.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(listener.application(), access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise InvalidInput(f"cannot listen on {host}:{port}: {reason}", where="--address") from None
        ready(int(runner.addresses[0][1]))
        await stop.wait()
    finally:
        await runner.cleanup()


def parse_address(address: str, token: SecretStr) -> tuple[str, int]:
    """Host and port of ``host:port``.

    :raises InvalidInput: it is no such thing; or others could reach it, and no token is set: who can
        open roll-forwards can hold up an application.
    """
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or port is None or parts.netloc != address:
        raise InvalidInput(f"{address!r}", where="--address", expected="host:port, such as 127.0.0.1:9095")
    if not _is_loopback(host) and not token.get_secret_value():
        raise InvalidInput(
            f"{address} can be reached by others",
            where="--address",
            expected="a token in ONWARD_LISTEN_TOKEN, or an address of this machine alone",
            next="docs/alerts.md",
        )
    return host, port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fault(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def _refused(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    log.warning("a delivery was answered with %s: %s", status, text)
    return web.Response(
        status=status, headers=headers, text=json.dumps({"error": text}), content_type="application/json"
    )

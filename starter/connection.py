"""How the command line reaches Temporal: its only connection."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig

import telemetry
from domain.errors import InvalidInput, Unreachable
from settings import ClientSettings, StackSettings
from stack.environment import client_environment
from starter.call_limits import RETRY, CallLimits

TIMEOUT = 5.0


@dataclass(frozen=True)
class Connection:
    """A connected client, and the settings that go with its server."""

    client: Client
    settings: ClientSettings

    def ui(self, workflow: str, run: str = "") -> str:
        """The page of a workflow in the Temporal Web UI; empty when its address is not known."""
        base = self.settings.temporal_ui_url.rstrip("/")
        path = f"/namespaces/{self.client.namespace}/workflows/{workflow.replace(':', '%3A')}"
        return f"{base}{path}{'/' + run if run else ''}" if base else ""


async def connect() -> Connection:
    """Connect as a ``temporalio.envconfig`` profile says, or to the local stack that runs here.

    :raises InvalidInput: nothing says where Temporal is.
    :raises Unreachable: it does not answer within five seconds.
    """
    settings, config = _configured()
    address = config.get("target_host") or ""
    if not address:
        raise InvalidInput(
            "no Temporal server is configured and no local stack runs here",
            where="TEMPORAL_ADDRESS",
            expected="host:port, or a profile (TEMPORAL_PROFILE)",
            next="onward up",
        )
    plugins = telemetry.plugins(settings.otlp_endpoint, "onward-cli")
    try:
        connecting = Client.connect(
            **config,
            data_converter=pydantic_data_converter,
            plugins=plugins,
            interceptors=[CallLimits()],
            retry_config=RETRY,
            runtime=telemetry.runtime(level="ERROR"),
        )
        client = await asyncio.wait_for(connecting, TIMEOUT)
    except TimeoutError:
        raise Unreachable("Temporal", address, f"no answer in {TIMEOUT:.0f} s") from None
    except RuntimeError as error:
        raise Unreachable("Temporal", address, _reason(error)) from None
    return Connection(client, settings)


def _reason(error: RuntimeError) -> str:
    """The system's own words, where the SDK wraps them: ``… message: "Connection refused" …``."""
    found = re.search(r'(?:message|error): "([^"]+)"', str(error))
    return found[1] if found else str(error).splitlines()[0]


def configured_address() -> str:
    """Where Temporal is, as far as anything says so."""
    return _configured()[1].get("target_host") or "no address"


def _configured() -> tuple[ClientSettings, ClientConnectConfig]:
    config = ClientConfig.load_client_connect_config()
    if config.get("target_host"):
        return ClientSettings(), config
    local = client_environment(StackSettings())
    fields = ClientSettings.model_fields
    known = {name: local[f"ONWARD_{name.upper()}"] for name in fields if f"ONWARD_{name.upper()}" in local}
    settings = ClientSettings().model_copy(update=known)
    return settings, ClientConfig.load_client_connect_config(override_env_vars=local) if local else config

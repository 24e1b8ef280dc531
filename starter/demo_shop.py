"""The shop that the demo is about: releasing its services, and asking it as a customer does."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import Sequence

from domain.environment import Environment
from domain.errors import OnwardError, Unreachable
from domain.release import ReleaseResult
from examples.repository import APPLICATION
from settings import StackSettings
from starter.commands.releasing import checked_request
from starter.connection import Connection
from starter.deployed import DeployedRow, deployed_rows
from starter.following import follow
from starter.output import Output
from starter.releases import Releases
from starter.text import seconds, title

EDGE_PATIENCE = 10.0


class DemoShop:
    """The example application on a stack.

    :param output: where progress is said.
    """

    def __init__(self, connection: Connection, settings: StackSettings, output: Output) -> None:
        self.connection = connection
        self.repository = settings.state / "demo" / "shop"
        self._edge = f"http://127.0.0.1:{settings.edge_port(Environment.PROD)}"
        self._releases = Releases(connection.client)
        self._output = output

    # --- releases ---------------------------------------------------------------------------

    async def released_together(self, commit: str, roles: Sequence[str]) -> list[ReleaseResult]:
        """The services of a commit, all at once."""
        return list(await asyncio.gather(*(self.released(commit, role, _Prefixed(role)) for role in roles)))

    async def released(self, commit: str, role: str, follower: Output | None = None) -> ReleaseResult:
        """One service's commit, followed to its end."""
        request = checked_request(str(self.repository), commit, role, reason="the demo")
        await self._releases.start(request)
        return await self.followed(request.id, follower)

    async def followed(self, release: str, follower: Output | None = None) -> ReleaseResult:
        """A release that runs, to its end."""
        start = time.monotonic()
        seen = await follow(self._releases, self._releases.handle(release), follower or self._output)
        self._output.note(f"{title(seen.result)}, {seconds(time.monotonic() - start)}")
        return seen.result

    # --- what runs --------------------------------------------------------------------------

    async def deployed(self) -> list[DeployedRow]:
        """What runs where. :raises OnwardError: an environment does not tell."""
        rows, faults = await deployed_rows(self.connection, None, APPLICATION)
        if faults:
            raise faults[0]
        return rows

    async def deployed_in_prod(self, role: str) -> DeployedRow:
        """What serves of a role in prod."""
        for row in await self.deployed():
            if row.environment is Environment.PROD and row.role == role:
                return row
        raise OnwardError(f"nothing of {role} runs in prod")

    # --- as a customer ----------------------------------------------------------------------

    def url(self, path: str) -> str:
        """Where the edge of prod serves a path."""
        return f"{self._edge}{path}"

    def asked(self, path: str) -> str:
        """What the edge of prod answers, in one line."""
        return " ".join(self._answer("GET", path).split())[:100]

    def cart_with_two_teas(self) -> str:
        """The price of a cart in prod."""
        return f"{json.loads(self._answer('PUT', '/cart/demo', {'items': {'tea': 2}}))['total'] / 100:.2f} €"

    def _answer(self, method: str, path: str, document: object = None) -> str:
        """The edge learns of a new route within two seconds."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url(path), data, method=method)  # noqa: S310 – our own edge
        end = time.monotonic() + EDGE_PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                    return str(response.read().decode())
            except OSError as error:
                if time.monotonic() > end:
                    raise Unreachable("the edge of prod", request.full_url, str(error)) from None
            time.sleep(0.2)


class _Prefixed(Output):
    """Notes of one of several releases that run at once."""

    def __init__(self, role: str) -> None:
        super().__init__(as_json=True)
        self._role = role

    def note(self, text: str) -> None:
        """The line with the role in front."""
        super().note(f"{self._role:>8} {text}")

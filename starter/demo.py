"""The story of the demo: four services, released at once; one line changed, released again."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from pathlib import Path

from domain.environment import Environment
from domain.errors import Unreachable
from domain.release import ReleaseResult, ReleaseStatus
from examples.repository import change_prices, make_repository
from settings import StackSettings
from starter.commands.releasing import checked_request
from starter.connection import Connection, connect
from starter.deployed import deployed_rows
from starter.following import follow
from starter.output import ExitCode, Output
from starter.releases import Releases
from starter.text import age, seconds, summary, title

ROLES = ("catalog", "cart", "checkout", "web")
EDGE_PATIENCE = 10.0


async def tell(settings: StackSettings, output: Output) -> ExitCode:
    """Run the story; exit code 1 when a release did not end well or the edge does not answer."""
    repository, connection = settings.state / "demo" / "shop", await connect()
    commit = make_repository(repository)
    output.note(f"── a git repository with the example application: {repository}")
    first = await _released_together(connection, repository, commit, output)
    if any(result.status is not ReleaseStatus.VERIFIED for result in first):
        return ExitCode.FAILED
    before = _asked(settings, "/catalog/products")
    output.note("── one line of catalog changes: its prices")
    second = await _released(connection, repository, change_prices(repository), "catalog", output)
    if second.status is not ReleaseStatus.VERIFIED:
        return ExitCode.FAILED
    after = _asked(settings, "/catalog/products")
    output.text(f"prod answered {before}\n    and now   {after}")
    await _closing(connection, settings, [*first, second], output)
    return ExitCode.DONE if before != after else ExitCode.FAILED


async def _released_together(
    connection: Connection, repository: Path, commit: str, output: Output
) -> list[ReleaseResult]:
    output.note(f"── releasing {', '.join(ROLES)} at once")
    quiet = Output(as_json=True)
    return list(
        await asyncio.gather(*(_released(connection, repository, commit, role, output, quiet) for role in ROLES))
    )


async def _released(
    connection: Connection, repository: Path, commit: str, role: str, output: Output, follower: Output | None = None
) -> ReleaseResult:
    request = checked_request(str(repository), commit, role, reason="the demo")
    releases, start = Releases(connection.client), time.monotonic()
    handle = await releases.start(request)
    seen = await follow(releases, handle, _Prefixed(role) if follower else output)
    output.note(f"{title(seen.result)}, {seconds(time.monotonic() - start)}")
    if seen.result.status is not ReleaseStatus.VERIFIED:
        output.note(summary(seen.result, connection.ui(handle.id, seen.run)))
    return seen.result


async def _closing(
    connection: Connection, settings: StackSettings, results: list[ReleaseResult], output: Output
) -> None:
    rows, faults = await deployed_rows(connection, None, "shop")
    for fault in faults:
        output.error(fault)
    output.document(
        {"releases": [each.model_dump(mode="json") for each in results], "deployed": [r.document() for r in rows]}
    )
    output.table(
        ["environment", "service", "#", "commit", "replicas", "state", "since"],
        [
            (
                *(row.environment, f"{row.application}-{row.role}", row.number, row.commit[:12]),
                *(f"{row.healthy}/{row.replicas}", row.state, f"{age(row.since)} ago"),
            )
            for row in rows
        ],
        empty="nothing is deployed",
    )
    output.text(
        f"\nthe shop in prod  {_edge(settings, '/')}\n"
        f"the Temporal UI   {connection.settings.temporal_ui_url}\n"
        "what runs where   onward deployed\n"
        "stop all of it    onward down"
    )


def _asked(settings: StackSettings, path: str) -> str:
    """What the edge answers; it learns of a new route within two seconds."""
    url, end = _edge(settings, path), time.monotonic() + EDGE_PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 – our own edge
                return " ".join(response.read().decode().split())[:100]
        except OSError as error:
            if time.monotonic() > end:
                raise Unreachable("the edge of prod", url, str(error)) from None
        time.sleep(0.2)


def _edge(settings: StackSettings, path: str) -> str:
    return f"http://127.0.0.1:{settings.edge_port(Environment.PROD)}{path}"


class _Prefixed(Output):
    """Notes of one of several releases that run at once."""

    def __init__(self, role: str) -> None:
        super().__init__(as_json=True)
        self._role = role

    def note(self, text: str) -> None:
        """The line with the role in front."""
        super().note(f"{self._role:>8} {text}")

"""``onward owners``, ``discover``: who owns what, and where things are."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.environment import Environment
from domain.resource_lookups import DiscoveryKind
from starter.command import Json, command, waiting
from starter.commands.gating import Application
from starter.output import ExitCode, Output


@command
def owners(application: Application, as_json: Json = False) -> ExitCode | None:
    """Who owns which queue and bucket, since which release, and who reads it."""

    async def run() -> None:
        from datetime import UTC, datetime

        from domain.resource_lookups import OwnersRequest
        from starter.connection import connect
        from starter.lookups import ask
        from workflows.resource_lookups import OwnersWorkflow

        connection, output = await connect(), Output(as_json=as_json)
        question = OwnersRequest(application=application, at=datetime.now(UTC))
        answer = await ask(connection.client, OwnersWorkflow.run, question, f"owners-{application}")
        output.document(list(answer.resources))
        output.table(
            ["", "name", "owner", "since", "read by", "state"],
            [
                (
                    each.kind.value,
                    each.name,
                    each.owner or "nobody",
                    each.since,
                    ", ".join(each.readers),
                    each.state.value,
                )
                for each in answer.resources
            ],
            empty=f"nobody writes a queue or bucket in {application}",
        )

    return waiting(run())


@command
def discover(
    environment: Annotated[Environment, typer.Argument(help="Where.")],
    application: Application,
    kind: Annotated[DiscoveryKind | None, typer.Option(help="Only of this kind.")] = None,
    as_json: Json = False,
) -> ExitCode | None:
    """Where an application's services, datastores, queues, buckets and endpoints are in an environment."""

    async def run() -> None:
        from domain.resource_lookups import DiscoverRequest
        from starter.connection import connect
        from starter.lookups import ask
        from workflows.resource_lookups import DiscoveryWorkflow

        connection, output = await connect(), Output(as_json=as_json)
        question = DiscoverRequest(environment=environment, application=application, kind=kind)
        answer = await ask(connection.client, DiscoveryWorkflow.run, question, f"discover-{environment}-{application}")
        output.document(list(answer.found))
        output.table(
            ["", "name", "canonical name", "address", "of", "#"],
            [
                (each.kind.value, each.name, each.canonical, each.address, each.service, each.number)
                for each in answer.found
            ],
            empty=f"nothing of {application} is in {environment}",
        )

    return waiting(run())

"""``onward gate``, ``freeze``, ``unfreeze``: the queue of an application and its stop button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from starter.command import By, Json, command, myself, waiting
from starter.output import ExitCode, Output

if TYPE_CHECKING:
    from domain.gate_messages import Frozen

Application = Annotated[str, typer.Argument(metavar="APPLICATION", help="Such as shop.")]


@command
def gate(application: Application, as_json: Json = False) -> ExitCode | None:
    """Who is tested on what, who waits for what, and whose turn it is to deploy."""

    async def run() -> None:
        from starter.connection import connect
        from starter.gate_text import heading, queue_rows, turn_rows
        from starter.gates import Gates

        output = Output(as_json=as_json)
        view = await Gates((await connect()).client).view(application)
        output.document(view)
        output.text(heading(view))
        output.table(
            ["", "in the queue", "state", "tested on", "waits for"],
            queue_rows(view),
            empty="nobody is in the queue",
        )
        output.table(
            ["#", "published", "turn", "waits for"],
            turn_rows(view),
            empty="nobody deploys or waits to",
        )

    return waiting(run())


@command
def freeze(
    application: Application,
    reason: Annotated[str, typer.Option(help="Why; whoever waits is told.")],
    by: By = "",
    as_json: Json = False,
) -> ExitCode | None:
    """Give no turns to deploy any more, but to fixes; tests and publications go on."""

    async def run() -> None:
        from domain.gate_messages import Freeze
        from starter.connection import connect
        from starter.gates import Gates

        message = Freeze(application=application, reason=f"{reason} ({by or myself()})")
        frozen = await Gates((await connect()).client).freeze(message)
        _say(Output(as_json=as_json), application, frozen)

    return waiting(run())


@command
def unfreeze(application: Application, by: By = "", as_json: Json = False) -> ExitCode | None:
    """Give turns again; those that roll-forwards hold end with them."""

    async def run() -> None:
        from domain.gate_messages import Unfreeze
        from starter.connection import connect
        from starter.gates import Gates

        message = Unfreeze(application=application, by=by or myself())
        frozen = await Gates((await connect()).client).unfreeze(message)
        _say(Output(as_json=as_json), application, frozen)

    return waiting(run())


def _say(output: Output, application: str, frozen: Frozen) -> None:
    output.document({"application": application, "frozen": frozen.frozen})
    holders = "\n".join(f"  {holder}: {why}" for holder, why in frozen.frozen.items())
    output.text(f"{application} deploys nothing but fixes:\n{holders}" if holders else f"{application} deploys again")

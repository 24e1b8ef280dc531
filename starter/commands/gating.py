"""``onward gate``: the queue of an application."""

from __future__ import annotations

from typing import Annotated

import typer

from starter.command import Json, command, waiting
from starter.output import ExitCode, Output


@command
def gate(
    application: Annotated[str, typer.Argument(metavar="APPLICATION", help="Such as shop.")], as_json: Json = False
) -> ExitCode | None:
    """Who is tested on what, who waits for what, and whose turn it is to deploy."""

    async def run() -> None:
        from starter.connection import connect
        from starter.gates import Gates

        output = Output(as_json=as_json)
        view = await Gates((await connect()).client).view(application)
        output.document(view)
        roles = ", ".join(sorted(view.published)) or "nothing"
        output.text(f"{application}: {roles} published; at most {view.window} tested at once")
        if view.frozen:
            output.text(f"frozen: {view.why_frozen}")
        output.table(
            ["", "in the queue", "state", "tested with, ahead of it", "waits for"],
            [
                (each.place, each.release, each.state, ", ".join(each.basis_ahead) or "nobody", each.waits_for)
                for each in view.queue
            ],
            empty="nobody is in the queue",
        )
        turns = [(each, "deploys") for each in view.deploying] + [(each, "waits") for each in view.waiting]
        output.table(
            ["#", "published", "turn", "waits for"],
            [(each.number, each.release, state, each.waits_for) for each, state in turns],
            empty="nobody deploys or waits to",
        )

    return waiting(run())

"""``onward roll-forwards``, ``ack``, ``fix``, ``retry``, ``note``, ``culprit``: for on-call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from starter.command import By, Commit, Json, Reason, Wait, command, myself, waiting
from starter.output import ExitCode, Output

if TYPE_CHECKING:
    from domain.message import Message

RollForwardArgument = Annotated[
    str, typer.Argument(metavar="R", help="A roll-forward: its ID, or simply the service, shop-cart.")
]


@command
def roll_forwards(
    every: Annotated[bool, typer.Option("--all", help="The closed ones, too.")] = False, as_json: Json = False
) -> ExitCode | None:
    """List what is broken and not fixed yet."""

    async def run() -> None:
        from starter.connection import connect
        from starter.roll_forwards import RollForwards, roll_forward_table

        output = Output(as_json=as_json)
        rows = [row async for row in RollForwards((await connect()).client).rows(closed=every)]
        output.document(rows)
        roll_forward_table(output, rows, empty="nothing is broken" if not every else "nothing has ever failed")

    return waiting(run())


@command
def ack(roll_forward: RollForwardArgument, by: By = "", as_json: Json = False) -> ExitCode | None:
    """Say that you have it: nobody is told again."""
    from domain.roll_forward_messages import Acknowledge

    return _said(roll_forward, "ack", Acknowledge(by=by or myself()), as_json=as_json)


@command
def note(
    roll_forward: RollForwardArgument,
    text: Annotated[str, typer.Argument(help="What the others should know.")],
    by: By = "",
    as_json: Json = False,
) -> ExitCode | None:
    """Put a remark on the roll-forward's page."""

    from domain.roll_forward_messages import Remark

    return _said(roll_forward, "note", Remark(by=by or myself(), text=text), as_json=as_json)


@command
def culprit(
    roll_forward: RollForwardArgument,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="Another service of the application.")],
    reason: Reason = "",
    by: By = "",
    as_json: Json = False,
) -> ExitCode | None:
    """Name the service that is the cause: its verified release closes the roll-forward, too."""

    from domain.roll_forward_messages import NameCulprit

    return _said(
        roll_forward, "name_culprit", NameCulprit(by=by or myself(), role=role, reason=reason), as_json=as_json
    )


@command
def fix(
    roll_forward: RollForwardArgument,
    commit: Commit,
    repository: Annotated[
        str | None, typer.Option("--repo", help="URL or path of the git repository; the failed one's by default.")
    ] = None,
    service_directory: Annotated[
        str, typer.Option("--service-dir", help="The service's directory; the failed one's by default.")
    ] = "",
    wait: Wait = True,
    reason: Reason = "",
    by: By = "",
    as_json: Json = False,
) -> ExitCode | None:
    """Release a commit as the fix: ahead of everything else, and through a freeze."""
    from domain.repository import checked_repository
    from domain.roll_forward_messages import Fix
    from domain.source import checked_commit, checked_directory
    from starter.commands.releasing import absolute

    message = Fix(
        commit=checked_commit(commit),
        by=by or myself(),
        reason=reason,
        repository=absolute(checked_repository(repository)) if repository is not None else "",
        service_directory=checked_directory(service_directory) if service_directory else "",
    )

    return _begun(roll_forward, "fix", message, wait=wait, as_json=as_json)


@command
def retry(
    roll_forward: RollForwardArgument, wait: Wait = True, reason: Reason = "", by: By = "", as_json: Json = False
) -> ExitCode | None:
    """Release the failed commit once more, when the cause was outside of the code."""

    from domain.roll_forward_messages import Retry

    return _begun(roll_forward, "retry", Retry(by=by or myself(), reason=reason), wait=wait, as_json=as_json)


async def show_roll_forward(text: str, output: Output, *, follow: bool = False) -> ExitCode:
    """A roll-forward as it is now, or once it is closed; the following can be ended."""
    from starter.connection import connect
    from starter.detaching import detachable
    from starter.incident_text import incident_text
    from starter.roll_forwards import RollForwards
    from starter.watching import follow_roll_forward

    connection = await connect()
    found = RollForwards(connection.client)
    handle = found.find(text)

    async def work() -> ExitCode:
        view = await found.view(handle)
        if follow:
            view = await follow_roll_forward(found, handle, output)
        output.document(view)
        output.text(incident_text(view, connection.ui(handle.id)))
        return ExitCode.DONE

    return await detachable(work(), output, handle.id, lambda: found.view(handle)) if follow else await work()


def _said(roll_forward: str, update: str, message: Message, *, as_json: bool) -> ExitCode | None:
    async def run() -> None:
        from starter.connection import connect
        from starter.incident_text import incident_text
        from starter.roll_forwards import RollForwards

        connection, output = await connect(), Output(as_json=as_json)
        found = RollForwards(connection.client)
        handle = found.find(roll_forward)
        view = await found.say(handle, update, message)
        output.document(view)
        output.text(incident_text(view, connection.ui(handle.id)))

    return waiting(run())


def _begun(roll_forward: str, update: str, message: Message, *, wait: bool, as_json: bool) -> ExitCode | None:
    async def run() -> ExitCode:
        from starter.attending import attended
        from starter.connection import connect
        from starter.detaching import detachable
        from starter.roll_forwards import RollForwards

        connection, output = await connect(), Output(as_json=as_json)
        found = RollForwards(connection.client)
        handle = found.find(roll_forward)

        async def work() -> ExitCode:
            started = await found.begin(handle, update, message)
            return await attended(connection, started.release, output, wait=wait)

        return await detachable(work(), output, handle.id, lambda: found.view(handle))

    return waiting(run())

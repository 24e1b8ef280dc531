"""``onward run``, ``runs``: batch jobs on demand, and what became of all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from domain.environment import Environment
from starter.command import By, Json, command, myself, waiting
from starter.output import ExitCode, Output

if TYPE_CHECKING:
    from starter.connection import Connection

WaitForRun = Annotated[
    bool, typer.Option("--wait/--no-wait", help="For a place and for the end; or for neither: refused without a place.")
]


@command
def run(
    environment: Annotated[Environment, typer.Argument(help="ci or prod.")],
    application: Annotated[str, typer.Argument(help="Whose job it is.")],
    role: Annotated[str, typer.Argument(help="The job's role.")],
    wait: WaitForRun = True,
    reason: Annotated[str, typer.Option(help="Why; kept with the run.")] = "",
    by: By = "",
    as_json: Json = False,
) -> ExitCode | None:
    """Run a batch job now, beside its schedule; never more at once than its scale allows."""
    from domain.batch import BatchRunRequest

    request = BatchRunRequest(
        environment=environment,
        application=application,
        role=role,
        requested_by=by or myself(),
        reason=reason,
        patient=wait,
    )
    _ = request.service  # a name that no service can have is wrong input

    async def started() -> ExitCode:
        from starter.batch_runs import BatchRunsOf
        from starter.connection import connect

        connection, output = await connect(), Output(as_json=as_json)
        handle = await BatchRunsOf(connection.client).start(request)
        output.note(f"{handle.id}  {connection.ui(handle.id)}".rstrip())
        return await _follow(connection, handle.id, output, to_its_end=wait)

    return waiting(started())


@command
def runs(
    environment: Annotated[Environment | None, typer.Argument(help="Only there.")] = None,
    application: Annotated[str | None, typer.Argument(help="Only of this application.")] = None,
    role: Annotated[str | None, typer.Argument(help="Only of this job.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 30,
    as_json: Json = False,
) -> ExitCode | None:
    """List runs of batch jobs, the newest first."""

    async def listed() -> None:
        from domain.identity import ServiceId
        from starter.batch_runs import BatchRunsOf
        from starter.connection import connect
        from starter.text import age

        if application:
            ServiceId(application=application, role=role or "any")
        connection, output = await connect(), Output(as_json=as_json)
        rows = await BatchRunsOf(connection.client).rows((environment, application, role), limit)
        output.document(rows)
        output.table(
            ["run", "#", "status", "started", "by", "seconds", "cause"],
            [
                (
                    *(row.run, row.number, row.status, f"{age(row.started)} ago", row.started_by),
                    *(None if row.seconds is None else f"{row.seconds:.1f}", row.cause),
                )
                for row in rows
            ],
            empty="no run",
        )

    return waiting(listed())


async def show_run(run: str, output: Output) -> ExitCode:
    """One run as it is now."""
    from starter.batch_runs import BatchRunsOf, run_text
    from starter.connection import connect

    connection = await connect()
    found = BatchRunsOf(connection.client)
    seen = await found.see(found.handle(run))
    output.document(seen)
    output.text(run_text(seen, connection.ui(run)))
    return ExitCode.DONE


async def watch_run(run: str, output: Output) -> ExitCode:
    """Follow a run to its end, whose exit code it is."""
    from starter.connection import connect

    return await _follow(await connect(), run, output, to_its_end=True)


async def _follow(connection: Connection, run: str, output: Output, *, to_its_end: bool) -> ExitCode:
    from starter.batch_runs import BatchRunsOf, exit_code_of_run, follow, run_text
    from starter.detaching import detachable

    found = BatchRunsOf(connection.client)
    handle = found.handle(run)

    async def followed() -> ExitCode:
        seen = await follow(found, handle, output, to_its_end=to_its_end)
        output.document(seen)
        output.text(run_text(seen, connection.ui(run)))
        return exit_code_of_run(seen)

    return await detachable(followed(), output, run, lambda: found.see(handle))

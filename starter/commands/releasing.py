"""``onward release``, ``releases``, ``show``, ``watch``, ``why``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.definition_file import read_definition
from domain.release import ReleaseRequest, ReleaseStatus
from domain.repository import checked_repository
from domain.source import checked_commit, checked_directory
from starter.command import (
    By,
    Commit,
    Json,
    Reason,
    ReleaseArgument,
    Repository,
    ServiceDirectory,
    Wait,
    command,
    myself,
    waiting,
)
from starter.commands.rolling import show_roll_forward
from starter.commands.running import show_run, watch_run
from starter.output import ExitCode, Output


@command
def release(
    repository: Repository,
    commit: Commit,
    service_directory: ServiceDirectory = ".",
    wait: Wait = True,
    reason: Reason = "",
    by: By = "",
    as_json: Json = False,
) -> ExitCode | None:
    """Release a service's commit, or attach to its release if there is one."""
    request = checked_request(repository, commit, service_directory, reason, by)

    async def run() -> ExitCode:
        from starter.attending import released
        from starter.connection import connect

        return await released(await connect(), request, Output(as_json=as_json), wait=wait)

    return waiting(run())


@command
def watch(release_id: ReleaseArgument, as_json: Json = False) -> ExitCode | None:
    """Follow a release to its end, whose exit code it is; or a run; or a roll-forward until it is closed."""

    async def run() -> ExitCode:
        from starter.attending import followed
        from starter.batch_runs import is_run
        from starter.connection import connect
        from starter.releases import Releases
        from starter.roll_forwards import is_roll_forward

        if is_roll_forward(release_id):
            return await show_roll_forward(release_id, Output(as_json=as_json), follow=True)
        if is_run(release_id):
            return await watch_run(release_id, Output(as_json=as_json))
        connection = await connect()
        handle = await Releases(connection.client).find(release_id)
        return await followed(connection, handle, Output(as_json=as_json))

    return waiting(run())


@command
def show(release_id: ReleaseArgument, as_json: Json = False) -> ExitCode | None:
    """One release: its stages, number, manifest, and why it failed; or one roll-forward, or one run."""

    async def run() -> None:
        from starter.batch_runs import is_run
        from starter.connection import connect
        from starter.releases import Releases
        from starter.roll_forwards import is_roll_forward
        from starter.text import summary

        if is_roll_forward(release_id):
            await show_roll_forward(release_id, Output(as_json=as_json))
            return
        if is_run(release_id):
            await show_run(release_id, Output(as_json=as_json))
            return
        connection, output = await connect(), Output(as_json=as_json)
        releases = Releases(connection.client)
        handle = await releases.find(release_id)
        seen = await releases.see(handle)
        output.document(seen.result)
        output.text(summary(seen.result, connection.ui(handle.id, seen.run)))

    return waiting(run())


@command
def releases(
    application: Annotated[str | None, typer.Option(help="Only of this application.")] = None,
    role: Annotated[str | None, typer.Option(help="Only of this role.")] = None,
    status: Annotated[ReleaseStatus | None, typer.Option(help="Only of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 30,
    as_json: Json = False,
) -> ExitCode | None:
    """List releases, the newest first."""

    async def run() -> None:
        from starter.connection import connect
        from starter.releases import Releases
        from starter.text import age

        found = Releases((await connect()).client).rows(application, role, status, limit)
        rows, output = [row async for row in found], Output(as_json=as_json)
        output.document(rows)
        output.table(
            ["release", "#", "status", "stage", "started", "by", "reason"],
            [(r.release, r.number, r.status, r.stage, f"{age(r.started)} ago", r.requested_by, r.reason) for r in rows],
            empty="no release",
        )

    return waiting(run())


@command
def why(release_id: ReleaseArgument, as_json: Json = False) -> ExitCode | None:
    """Say in one sentence what a release or a roll-forward waits for, or how it ended."""

    async def run() -> None:
        from starter.connection import connect
        from starter.gates import Gates
        from starter.incident_text import incident_sentence
        from starter.pending import waits_for
        from starter.releases import Releases
        from starter.roll_forwards import RollForwards, is_roll_forward
        from starter.text import tested_with

        connection, output = await connect(), Output(as_json=as_json)
        if is_roll_forward(release_id):
            rolling = RollForwards(connection.client)
            view = await rolling.view(rolling.find(release_id))
            sentence = incident_sentence(view)
            output.document({"roll_forward": view.roll_forward, "status": view.state.value, "why": sentence})
            output.text(sentence)
            return
        found = Releases(connection.client)
        handle = await found.find(release_id)
        seen = await found.see(handle)
        result, stage = seen.result, seen.result.current
        if not seen.final:
            reason = await Gates(connection.client).reason(result) or await waits_for(connection.client, handle)
            sentence = f"{result.release} is in {stage.name if stage else 'no stage yet'}: {reason}"
        elif result.failure:
            sentence = f"{result.release} {result.status} in {result.failure.stage}: {result.failure.message}"
            sentence += tested_with(result)
        else:
            detail = f": {stage.detail}" if stage and stage.detail else ""
            sentence = f"{result.release} is {result.status}{detail}"
        output.document({"release": result.release, "status": result.status.value, "why": sentence})
        output.text(sentence)

    return waiting(run())


def checked_request(
    repository: str, commit: str, service_directory: str, reason: str = "", by: str = ""
) -> ReleaseRequest:
    """Stage 0: read and validate the service at the commit before anything is started.

    :raises InvalidInput: with what was wrong, where, and what was expected.
    :raises Unreachable: the repository's server does not answer.
    """
    from stores.git import GitRepositories

    commit, directory = checked_commit(commit), checked_directory(service_directory)
    repository = absolute(checked_repository(repository))
    definition = read_definition(GitRepositories().files(repository, commit, directory))
    return ReleaseRequest(
        application=definition.application,
        role=definition.role,
        repository=repository,
        commit=commit,
        service_directory=directory,
        requested_by=by or myself(),
        reason=reason,
    )


def absolute(repository: str) -> str:
    """A path of this machine in full: what reads it runs in another directory. A URL stays as it is."""
    path = Path(repository).expanduser()
    return str(path.resolve()) if "://" not in repository and path.exists() else repository

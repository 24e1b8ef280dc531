"""``onward deployed``, ``logs``, ``manifest``, ``verify-manifest``, ``plan``: they only read."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from domain.environment import ENVIRONMENTS, Environment
from domain.errors import InvalidInput, NotFound, OnwardError
from domain.identity import parse_canonical_name
from starter.command import Commit, Json, Repository, ServiceDirectory, command, waiting
from starter.output import ExitCode, Output

if TYPE_CHECKING:
    from domain.deployment import ServiceState
    from domain.lookups import ManifestDocument
    from starter.connection import Connection


@command
def deployed(
    environment: Annotated[Environment | None, typer.Option(help="Only of this environment.")] = None,
    application: Annotated[str | None, typer.Option(help="Only of this application.")] = None,
    as_json: Json = False,
) -> ExitCode | None:
    """What runs where: number, commit, digest, replicas, since when, and how it is."""

    async def run() -> ExitCode:
        from starter.connection import connect
        from starter.text import age

        output = Output(as_json=as_json)
        rows, faults = await deployed_rows(await connect(), environment, application)
        output.document([row.document() for row in rows])
        output.table(
            ["environment", "service", "#", "commit", "digest", "replicas", "state", "since"],
            [
                (
                    *(row.environment, f"{row.application}-{row.role}", row.number, row.commit[:12], row.digest[:19]),
                    *(f"{row.healthy}/{row.replicas}", row.state, f"{age(row.since)} ago"),
                )
                for row in rows
            ],
            empty="nothing is deployed",
        )
        codes = [Output(as_json=False).error(fault) for fault in faults]
        return max(codes, default=ExitCode.DONE)

    return waiting(run())


@command
def logs(
    subject: Annotated[str, typer.Argument(metavar="ID", help="A release, or a deployed service: prod-shop-cart.")],
    step: Annotated[str | None, typer.Option(help="Of a release: only this step, such as build-image.")] = None,
    lines: Annotated[int, typer.Option(min=1, max=5000, help="Of a service: so many of each task.")] = 200,
    as_json: Json = False,
) -> ExitCode | None:
    """What a release's steps printed, or the last lines of a deployed service."""
    try:
        named = parse_canonical_name(subject)
    except ValueError:
        return waiting(_step_outputs(subject, step, Output(as_json=as_json)))

    async def run() -> None:
        from domain.lookups import ServiceLogsRequest
        from starter.connection import connect
        from starter.lookups import ask
        from workflows.lookups import ServiceLogsWorkflow

        connection, output = await connect(), Output(as_json=as_json)
        question = ServiceLogsRequest(environment=named[0], service=named[1], lines=lines)
        answer = await ask(connection.client, ServiceLogsWorkflow.run, question, subject)
        output.document({"service": subject, "text": answer.text})
        output.text(answer.text.rstrip("\n"))

    return waiting(run())


@command
def manifest(
    subject: Annotated[str, typer.Argument(metavar="ID|DIGEST|URI", help="A release, a digest, or an S3 URI.")],
    as_json: Json = False,
) -> ExitCode | None:
    """Show the manifest of a release."""

    async def run() -> None:
        from starter.connection import connect

        connection, output = await connect(), Output(as_json=as_json)
        found = await _manifest(connection, subject)
        output.document(found)
        output.text(found.document)
        output.note(f"{found.digest}: {found.fault or 'signed by a trusted key'}")

    return waiting(run())


@command
def verify_manifest(
    subject: Annotated[str, typer.Argument(metavar="FILE_OR_URI", help="A manifest's file, S3 URI, or digest.")],
    as_json: Json = False,
) -> ExitCode | None:
    """Check that a manifest has its digest and a trusted signature."""

    async def run() -> ExitCode:
        from starter.connection import connect

        connection, output = await connect(), Output(as_json=as_json)
        found = await _manifest(connection, subject)
        output.document({"digest": found.digest, "trusted": found.fault is None, "fault": found.fault})
        output.text(f"{found.digest}: {found.fault or 'signed by a trusted key'}")
        return ExitCode.FAILED if found.fault else ExitCode.DONE

    return waiting(run())


@command
def plan(
    repository: Repository, commit: Commit, service_directory: ServiceDirectory = ".", as_json: Json = False
) -> ExitCode | None:
    """What a release of a commit would build, reuse and deploy; changes nothing."""
    from starter.commands.releasing import checked_request

    request = checked_request(repository, commit, service_directory)

    async def run() -> None:
        from domain.lookups import PlanRequest
        from starter.connection import connect
        from starter.lookups import ask
        from workflows.lookups import PlanWorkflow

        connection, output = await connect(), Output(as_json=as_json)
        found = await ask(connection.client, PlanWorkflow.run, PlanRequest(release=request), "plan")
        output.document(found)
        rows = [
            (each.kind.value, "reuse" if each.reused else "build", f"inputs {each.inputs[:19]}")
            for each in found.artifacts
        ]
        for each in found.deploys:
            there = f"replaces #{each.running} ({(each.commit or '')[:12]})" if each.running else "first deploy"
            rows.append((f"deploy {each.environment}", there, f"{each.replicas} replicas" if each.replicas else ""))
        output.text(found.release)
        output.table(["", "", ""], rows, empty="nothing")

    return waiting(run())


class DeployedRow(BaseModel):
    """One line of ``onward deployed``; number and commit are those of what serves."""

    environment: Environment
    application: str
    role: str
    number: int
    commit: str
    digest: str
    replicas: int
    healthy: int
    state: str
    since: datetime

    def document(self) -> dict[str, object]:
        """As JSON."""
        return self.model_dump(mode="json")


async def deployed_rows(
    connection: Connection, environment: Environment | None, application: str | None
) -> tuple[list[DeployedRow], list[OnwardError]]:
    """What runs in the environments that answer, and the errors of those that do not."""
    from domain.lookups import DeployedRequest
    from starter.lookups import ask
    from workflows.lookups import DeployedWorkflow

    asked = [environment] if environment else ENVIRONMENTS
    questions = [DeployedRequest(environment=each, application=application) for each in asked]
    answers = await asyncio.gather(
        *(ask(connection.client, DeployedWorkflow.run, one, f"deployed-{one.environment}") for one in questions),
        return_exceptions=True,
    )
    rows: list[DeployedRow] = []
    faults: list[OnwardError] = []
    for answer in answers:
        if isinstance(answer, OnwardError):
            faults.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            rows += [_row(state) for state in answer.services]
    return rows, faults


def _row(state: ServiceState) -> DeployedRow:
    return DeployedRow(
        environment=state.environment,
        application=state.service.application,
        role=state.service.role,
        number=state.served.number,
        commit=state.served.commit,
        digest=state.served.digest,
        replicas=state.replicas,
        healthy=state.healthy,
        state=state.state,
        since=state.since,
    )


async def _step_outputs(subject: str, step: str | None, output: Output) -> None:
    from domain.lookups import StepOutputRequest
    from starter.connection import connect
    from starter.lookups import ask
    from starter.releases import Releases
    from workflows.lookups import StepOutputWorkflow

    connection = await connect()
    handle = await Releases(connection.client).find(subject)
    question = StepOutputRequest(release=handle.id, step=step)
    answer = await ask(connection.client, StepOutputWorkflow.run, question, "logs")
    output.document(list(answer.outputs))
    for each in answer.outputs:
        output.note(f"── {each.step} ({each.uri}){', its end' if each.cut else ''}")
        output.text(each.text.rstrip("\n"))


async def _manifest(connection: Connection, subject: str) -> ManifestDocument:
    from domain.lookups import ManifestRequest
    from starter.lookups import ask
    from starter.releases import Releases
    from workflows.lookups import ManifestWorkflow

    if subject.startswith("s3://"):
        question = ManifestRequest(uri=subject)
    elif re.fullmatch(r"sha256:[0-9a-f]{64}", subject):
        question = ManifestRequest(digest=subject)
    elif (file := Path(subject)).is_file():
        question = ManifestRequest(document=_text(file))
    else:
        releases = Releases(connection.client)
        result = (await releases.see(await releases.find(subject))).result
        if result.manifest is None:
            raise NotFound(
                f"{result.release} has no manifest: it got as far as {result.current and result.current.name}"
            )
        question = ManifestRequest(digest=result.manifest.digest)
    return await ask(connection.client, ManifestWorkflow.run, question, "manifest")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(str(error), where=str(file), expected="a manifest: JSON text") from None

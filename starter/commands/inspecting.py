"""``onward deployed``, ``logs``, ``plan``: they only read."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.environment import Environment
from domain.identity import parse_canonical_name
from starter.command import Commit, Json, Repository, ServiceDirectory, command, waiting
from starter.output import ExitCode, Output


@command
def deployed(
    environment: Annotated[Environment | None, typer.Option(help="Only of this environment.")] = None,
    application: Annotated[str | None, typer.Option(help="Only of this application.")] = None,
    as_json: Json = False,
) -> ExitCode | None:
    """What runs where: number, commit, digest, replicas, since when, and how it is."""

    async def run() -> ExitCode:
        from starter.connection import connect
        from starter.deployed import deployed_rows
        from starter.text import age

        output = Output(as_json=as_json)
        rows, faults = await deployed_rows(await connect(), environment, application)
        output.document([row.document() for row in rows])
        output.table(
            ["environment", "service", "#", "commit", "digest", "replicas", "state", "since", ""],
            [
                (
                    *(row.environment, f"{row.application}-{row.role}", row.number, row.commit[:12], row.digest[:19]),
                    *(f"{row.healthy}/{row.replicas}", row.state, f"{age(row.since)} ago"),
                    ", ".join(row.drift),
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
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="A release, a run, or a deployed service: prod-shop-cart.")
    ],
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
def plan(
    repository: Repository, commit: Commit, service_directory: ServiceDirectory = ".", as_json: Json = False
) -> ExitCode | None:
    """What a release of a commit would build, reuse, test and deploy; changes nothing."""
    from starter.commands.releasing import checked_request

    request = checked_request(repository, commit, service_directory)

    async def run() -> None:
        from domain.lookups import PlanRequest
        from starter.connection import connect
        from starter.lookups import ask
        from workflows.lookups import PlanWorkflow
        from workflows.policies import EXAMINED_WITHIN

        connection, output = await connect(), Output(as_json=as_json)
        found = await ask(connection.client, PlanWorkflow.run, PlanRequest(release=request), "plan", EXAMINED_WITHIN)
        output.document(found)
        rows = [
            (each.kind.value, "reuse" if each.reused else "build", f"inputs {each.inputs[:19]}")
            for each in found.artifacts
        ]
        rows += [("test", f"{each.role}, {each.origin}", each.release) for each in found.suites]
        for each in found.deploys:
            there = f"replaces #{each.running} ({(each.commit or '')[:12]})" if each.running else "first deploy"
            rows.append((f"deploy {each.environment}", there, _replicas(each.replicas)))
        output.text(found.release)
        output.table(["", "", ""], rows, empty="nothing")

    return waiting(run())


async def _step_outputs(subject: str, step: str | None, output: Output) -> None:
    from domain.lookups import StepOutputRequest
    from starter.batch_runs import is_run
    from starter.connection import connect
    from starter.lookups import ask
    from starter.releases import Releases
    from workflows.lookups import StepOutputWorkflow

    connection = await connect()
    release = subject if is_run(subject) else (await Releases(connection.client).find(subject)).id
    question = StepOutputRequest(release=release, step=step)
    answer = await ask(connection.client, StepOutputWorkflow.run, question, "logs")
    output.document(list(answer.outputs))
    for each in answer.outputs:
        output.note(f"── {each.step} ({each.uri}){', its end' if each.cut else ''}")
        output.text(each.text.rstrip("\n"))


def _replicas(count: int | None) -> str:
    return f"{count} replica{'' if count == 1 else 's'}" if count else ""

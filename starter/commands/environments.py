"""``onward env``: what an environment needs before anything is deployed to it."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from domain.environment import Environment
from domain.errors import InvalidInput
from starter.command import Json, command, waiting
from starter.output import ExitCode, Output

if TYPE_CHECKING:
    from domain.bootstrap import EnvironmentParts


class What(StrEnum):
    """What to do about it."""

    SHOW = "show"
    DIFF = "diff"
    APPLY = "apply"


@command
def env(
    what: Annotated[What, typer.Argument(metavar="show|diff|apply", help="See all, see what is missing, or make it.")],
    environment: Annotated[Environment, typer.Argument(metavar="ENVIRONMENT", help="ci or prod.")],
    yes: Annotated[bool, typer.Option("--yes", help="Apply without being asked.")] = False,
    as_json: Json = False,
) -> ExitCode | None:
    """What an environment needs – networks, site routes, edge, search attributes – and what of it is missing."""
    output = Output(as_json=as_json)
    if what is What.APPLY and not yes and (as_json or not sys.stdin.isatty()):
        raise InvalidInput("nobody is there to be asked", where="--yes", expected="--yes, or a terminal")
    return waiting(_run(what, environment, output, sure=yes))


async def _run(what: What, environment: Environment, output: Output, *, sure: bool) -> ExitCode:
    from domain.bootstrap import refuse_wrong_types
    from starter.connection import connect
    from starter.environments import Environments

    asked = Environments((await connect()).client)
    found = await asked.compared(environment)
    if what is not What.APPLY:
        _say(found, output, everything=what is What.SHOW)
        output.document(_document(found))
        return ExitCode.FAILED if what is What.DIFF and found.to_do else ExitCode.DONE
    _say(found, output, everything=False)
    if not found.to_do:
        output.document(_document(found))
        return ExitCode.DONE
    refuse_wrong_types(found.parts)
    if not sure and not typer.confirm("apply this?"):
        output.text("nothing was changed")
        return ExitCode.FAILED
    applied = await asked.applied(environment)
    left = await asked.compared(environment)
    output.document(_document(left) | {"applied": _rows(applied, everything=False)})
    _say(left, output, everything=False)
    return ExitCode.FAILED if left.to_do else ExitCode.DONE


def _say(found: EnvironmentParts, output: Output, *, everything: bool) -> None:
    rows = [(part.change or "", part.kind, part.name) for part in (found.parts if everything else found.to_do)]
    output.table(["", "part", "name"], rows, empty=f"nothing to do: {found.environment} has what it needs")
    if everything and not found.edge:
        output.text("no edge is made here: ONWARD_EDGE_IMAGE of the duty is not set")


def _document(found: EnvironmentParts) -> dict[str, object]:
    return {
        "environment": found.environment.value,
        "applications": list(found.applications),
        "edge": found.edge,
        "parts": _rows(found, everything=True),
        "to_do": _rows(found, everything=False),
    }


def _rows(found: EnvironmentParts, *, everything: bool) -> list[dict[str, str]]:
    parts = found.parts if everything else found.to_do
    return [
        {"kind": part.kind, "name": part.name, "state": part.present.value, "change": part.change} for part in parts
    ]

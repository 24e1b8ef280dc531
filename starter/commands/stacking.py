"""``onward up``, ``down``, ``doctor``: the local stack."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from starter.command import Json, command
from starter.output import ExitCode, Output


@command
def up(as_json: Json = False) -> ExitCode | None:
    """Start the local stack, or what is missing of it."""
    from settings import StackSettings
    from stack.up import up as start

    output = Output(as_json=as_json)
    parts = start(StackSettings(), output.note)
    output.document([dataclasses.asdict(part) for part in parts])
    output.table(
        ["part", "state", "address", ""],
        [(part.title, part.state, part.address, part.detail) for part in parts],
        empty="nothing",
    )
    return None


@command
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete its data too, and what it deployed.")] = False,
    engine: Annotated[
        bool, typer.Option("--engine", help="Also stop the Docker Engine, if Onward started it.")
    ] = False,
    as_json: Json = False,
) -> ExitCode | None:
    """Stop the local stack; its data stays."""
    from settings import StackSettings
    from stack.down import down as stop

    output = Output(as_json=as_json)
    stop(StackSettings(), purge, output.note, engine=engine)
    output.document({"state": "purged" if purge else "stopped"})
    output.text("the stack is gone" if purge else "the stack is stopped; `onward up` starts it again")
    return None


@command
def doctor(as_json: Json = False) -> ExitCode | None:
    """What is missing on this machine, why it is needed, and the command that installs it."""
    from settings import StackSettings
    from stack.doctor import diagnose

    output = Output(as_json=as_json)
    findings = diagnose(StackSettings())
    output.document([dataclasses.asdict(finding) for finding in findings])
    output.table(
        ["", "part", "found", "next"],
        [(finding.level, finding.subject, finding.detail, finding.next) for finding in findings],
        empty="nothing to look at",
    )
    return ExitCode.FAILED if any(finding.level == "missing" for finding in findings) else ExitCode.DONE

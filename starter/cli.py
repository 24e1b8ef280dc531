"""The console script ``onward``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from domain.errors import InvalidInput
from starter.command import Debug
from starter.commands import (
    authoring,
    demonstrating,
    discovering,
    environments,
    evidence,
    gating,
    inspecting,
    listening,
    manifests,
    releasing,
    rolling,
    running,
    scaling,
    stacking,
)
from starter.output import Output


@contextmanager
def _documented() -> Iterator[None]:
    """With ``--json`` wrong usage is a document, too; the text on stderr is Typer's own."""
    try:
        yield
    except typer.TyperException as error:
        Output(as_json="--json" in sys.argv).failure(InvalidInput.__name__, error.format_message())
        raise


class Commands(TyperGroup):
    """All commands; words that fit none of them fail here, before any of our code runs."""

    def make_context(self, *args: Any, **named: Any) -> Any:
        """Take the options before the command."""
        with _documented():
            return super().make_context(*args, **named)

    def invoke(self, ctx: Any) -> Any:
        """Take the command and its options, and run it."""
        with _documented():
            return super().invoke(ctx)


app = typer.Typer(
    name="onward",
    cls=Commands,
    help="A release system that only goes forward: from commit to verified deploy.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of unexpected errors.")] = False,
) -> None:
    """What every command has."""
    Debug.wanted = debug


_PANELS: dict[str, list[Callable[..., None]]] = {
    "The local stack": [stacking.up, stacking.down, stacking.doctor],
    "Releases": [releasing.release, releasing.releases, releasing.show, releasing.watch, releasing.why],
    "On-call": [
        rolling.roll_forwards,
        rolling.ack,
        rolling.fix,
        rolling.retry,
        rolling.note,
        rolling.culprit,
        gating.freeze,
        gating.unfreeze,
    ],
    "Looking": [
        gating.gate,
        inspecting.logs,
        evidence.evidence,
        inspecting.deployed,
        discovering.discover,
        discovering.owners,
        manifests.manifest,
        manifests.verify_manifest,
        inspecting.plan,
    ],
    "Environments": [scaling.scale, environments.env],
    "Batch jobs": [running.run, running.runs],
    "Alerts": [listening.listen],
    "Services": [authoring.check, demonstrating.demo],
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)


def main() -> None:
    """Run one command and end the process with its exit code.

    A Python that used the Temporal SDK can abort in its exit handlers (sdk-python issue 300), so
    they are not run: what is to be written is flushed here.
    """
    code = 0
    try:
        app()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    if "opentelemetry.trace" in sys.modules:
        import telemetry

        telemetry.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

"""``onward demo``: the example application through real releases."""

from __future__ import annotations

from starter.command import Json, command, waiting
from starter.output import ExitCode, Output


@command
def demo(as_json: Json = False) -> ExitCode | None:
    """Tell the whole story: releases, one that fails in prod, its roll-forward, and the fix."""
    from settings import StackSettings
    from stack.up import up
    from starter.demo import tell

    output, settings = Output(as_json=as_json), StackSettings()
    output.note("── the local stack")
    up(settings, output.note)
    return waiting(tell(settings, output))

"""Ctrl-C and SIGTERM end the looking, never what is looked at, and say how to come back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from pydantic import BaseModel

from starter.output import ExitCode, Output

SIGNALS = (signal.SIGINT, signal.SIGTERM)

#: Seconds for a last look, for the document of ``--json``: a server or a worker that is away must not hold anybody.
LAST_LOOK = 5.0

LastLook = Callable[[], Awaitable[BaseModel]]


async def detachable(
    work: Coroutine[Any, Any, ExitCode], output: Output, watch: str, last_look: LastLook | None = None
) -> ExitCode:
    """Do the work until it is done or a signal comes; a second signal ends the process at once.

    :param watch: the ID with which ``onward watch`` comes back.
    :param last_look: what ``--json`` shows then; without it, or when nobody answers, that it was detached.
    """
    doing, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    note = f"detached; {watch} goes on. Come back with: onward watch {watch}"
    detached = False

    def release_signals() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def detach() -> None:
        nonlocal detached
        detached = True
        release_signals()
        output.note(note)
        doing.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, detach)
    try:
        return await doing
    except asyncio.CancelledError:
        if not detached:
            raise
    finally:
        release_signals()
    seen = None
    if output.as_json and last_look is not None:
        with suppress(Exception):  # whoever ends it has no use for errors of a look
            async with asyncio.timeout(LAST_LOOK):
                seen = await last_look()
    if seen is None:
        output.failure("Detached", note)
    else:
        output.document(seen)
    return ExitCode.DETACHED

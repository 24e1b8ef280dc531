"""Follow a roll-forward until it is closed: what happens to it, a line each."""

from __future__ import annotations

import asyncio

from temporalio.service import RPCError

from domain.errors import Unreachable
from domain.roll_forward import RollForwardView, State
from starter.incident_text import attempt_line, said_line, who_has_it
from starter.output import Output
from starter.roll_forwards import Handle, RollForwards
from starter.temporal_errors import is_away

POLL = 1.0


async def follow_roll_forward(found: RollForwards, handle: Handle, output: Output) -> RollForwardView:
    """Say each new attempt, each end of one, each remark; a server that is away for a while is waited for."""
    said: set[str] = set()

    def say(text: str) -> None:
        if text not in said:
            said.add(text)
            output.note(text)

    while True:
        try:
            view = await found.view(handle)
        except (RPCError, Unreachable) as error:
            if isinstance(error, RPCError) and not is_away(error):
                raise
            say("Temporal does not answer; still waiting")
            await asyncio.sleep(POLL)
            continue
        say(who_has_it(view))
        for attempt in view.incident.attempts:
            say(attempt_line(attempt))
        for each in view.incident.said:
            say(said_line(each))
        if view.state is State.CLOSED:
            return view
        await asyncio.sleep(POLL)

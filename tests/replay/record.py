"""``make history``: run each story once on a real Temporal server and keep its history.

The histories are committed. A change of a workflow that cannot replay them would break the
releases that run while Onward itself is updated.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from temporalio.client import Client

from tests.fakes.onward import MemoryOnward
from tests.replay import batch_stories, incident_stories, scale_stories, stories
from tests.workflows.conftest import local_server

HISTORIES = Path(__file__).with_name("histories")

Story = Callable[[Client, MemoryOnward], Awaitable[Any]]

STORIES: list[Story] = [
    *(stories.verified, stories.build_failed, stories.refused, stories.halted, stories.baked, stories.superseded),
    *(stories.cancelled, stories.rejected, stories.tested_again, stories.plan, stories.sweep),
    *(stories.owner, stories.let_go_of, stories.not_its_own),
    *(stories.gate, stories.gate_carried_on, stories.gate_frozen),
    *(stories.regression, stories.regression_decided, stories.regression_cancelled),
    *(incident_stories.roll_forward, incident_stories.roll_forward_open),
    incident_stories.env_apply,
    *(batch_stories.batch_run, batch_stories.batch_run_failed),
    *(batch_stories.batch_run_cancelled, batch_stories.batch_run_skipped, batch_stories.batch_queue),
    *(incident_stories.roll_forward_carried_on, incident_stories.roll_forward_hastens, incident_stories.fix),
    *(scale_stories.scaled, scale_stories.mirrored, scale_stories.drift),
]


async def record() -> None:
    """Write one file per story; traces of this machine are left out."""
    async with await local_server(identity="onward") as environment:
        for story in STORIES:
            onward = MemoryOnward()
            async with onward.workers(environment.client):
                release = await story(environment.client, onward)
                history = json.loads((await release.fetch_history()).to_json())
            text = json.dumps(_without_traces(history), indent=1, ensure_ascii=False)
            (HISTORIES / f"{story.__name__}.json").write_text(text + "\n")


def _without_traces(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_traces(item) for key, item in value.items() if key != "stackTrace"}
    return [_without_traces(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    asyncio.run(record())

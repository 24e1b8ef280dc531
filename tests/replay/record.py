"""``make history``: run each story once on a real Temporal server and keep its history.

The histories are committed. A change of a workflow that cannot replay them would break the
releases that run while Onward itself is updated.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.evidence import FailedRelease
from domain.gate import Gate
from domain.gate_decisions import Turn
from domain.gate_messages import GATE, GateState
from domain.identity import Duty, candidate_key, canonical_name, gate_id, lookup_id, task_queue
from domain.lookups import PlanRequest
from domain.release import ReleaseRequest, ReleaseResult, Stage
from domain.roll_forward import RollForward
from domain.roll_forward_messages import ROLL_FORWARD, Acknowledge, Fix, Remark
from domain.roll_forward_state import RollForwardState
from stack.servers import temporal_config
from tests.fakes.engines import failing, passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.conftest import TEMPORAL
from tests.workflows.incidents import Incident
from tests.workflows.queueing import in_queue, let_go, publication, swept, together
from tests.workflows.releasing import Release, eventually, started
from workflows import attributes
from workflows.lookups import PlanWorkflow
from workflows.release import ReleaseWorkflow

HISTORIES = Path(__file__).with_name("histories")

Story = Callable[[Client, MemoryOnward], Awaitable[Any]]


async def verified(client: Client, onward: MemoryOnward) -> Release:
    """Everything goes well."""
    return await _ended(client, onward.commit())


async def build_failed(client: Client, onward: MemoryOnward) -> Release:
    """A step of the image's build fails while the suite is built."""
    onward.builder.failing.add("RUN broken")
    return await _ended(client, onward.commit(dockerfile="FROM base\nRUN broken\n"))


async def refused(client: Client, onward: MemoryOnward) -> Release:
    """The definition is invalid."""
    request = onward.commit()
    onward.repositories.commits[request.repository, request.commit]["cart/service.yaml"] += "colour: red\n"
    return await _ended(client, request)


async def halted(client: Client, onward: MemoryOnward) -> Release:
    """The update pauses in ci."""
    request = onward.commit()
    onward.engine.sick.add(request.commit)
    return await _ended(client, request)


async def superseded(client: Client, onward: MemoryOnward) -> Release:
    """A newer release of the role is in ci already."""
    first = onward.commit()
    await _ended(client, first)
    name = canonical_name(Environment.CI, first.service)
    onward.engine.states[name] = onward.engine.states[name].model_copy(update={"number": 99})
    return await _ended(client, onward.commit(level="warning"))


async def cancelled(client: Client, onward: MemoryOnward) -> Release:
    """Somebody cancels during the build."""
    onward.builder.blocked = threading.Event()
    release = await started(client, onward.commit())
    async for event in release.fetch_history_events(wait_new_event=True):
        if "build image" in str(event.user_metadata.summary):
            break
    await release.cancel()
    await _waited(release)
    return release


async def rejected(client: Client, onward: MemoryOnward) -> Release:
    """Its own suite fails, twice."""
    onward.runner.answers = lambda _: failing()
    return await _ended(client, onward.commit())


async def tested_again(client: Client, onward: MemoryOnward) -> Release:
    """The release ahead of it fails, so it is tested without that one, and is published."""
    return (await _head_fails(client, onward))["b"]


async def gate(client: Client, onward: MemoryOnward) -> Any:
    """The gate in that story: it is running still."""
    await _head_fails(client, onward)
    return client.get_workflow_handle(gate_id(onward.application))


async def gate_carried_on(client: Client, onward: MemoryOnward) -> Any:
    """A gate that has continued as new with a decision that nobody was told yet."""
    key = candidate_key("release:x-y:0123456789ab", str(uuid4()))
    state = GateState(application=onward.application, gate=Gate(tests=7), decisions=(Turn(key=key),))
    carried = await client.start_workflow(
        GATE, state, id=gate_id(onward.application), task_queue=task_queue(Duty.ORCHESTRATE)
    )
    await _ended(client, onward.commit())
    return carried


async def regression(client: Client, onward: MemoryOnward) -> Any:
    """One suite of three fails, and fails again."""
    onward.publish("other", "third")
    onward.runner.answers = lambda run: failing() if run.service.role == "other" else passing()
    return await _regression_of(client, await _ended(client, onward.commit()))


async def regression_cancelled(client: Client, onward: MemoryOnward) -> Any:
    """The release is cancelled while its slice comes up."""
    release = (await in_queue(client, onward, ["a"]))["a"]
    await eventually(lambda: len(onward.slices.there) == 1)
    child = await _regression_of(client, release)
    await release.cancel()
    let_go(onward)
    await _waited(release)
    await _waited(child)
    return child


async def sweep(client: Client, onward: MemoryOnward) -> Any:
    """A terminated release is taken out of its gate."""
    releases = await in_queue(client, onward, ["a", "b"])
    await releases["a"].terminate("gone")
    let_go(onward)
    await swept(client, onward)
    return client.get_workflow_handle(f"sweep-{onward.application}")


async def roll_forward(client: Client, onward: MemoryOnward) -> Any:
    """Broken in prod; a fix that fails, a remark, a fix that works. It ends closed."""
    incident = await _broken_in_prod(client, onward)
    await incident.handle.execute_update("ack", Acknowledge(by="ann"))
    onward.builder.failing.add("RUN broken")
    await incident.fix(onward.commit(dockerfile="FROM base\nRUN broken\n"))
    await incident.until(lambda view: len([each for each in view.incident.attempts if each.evidence]) == 2)
    await incident.handle.execute_update("note", Remark(by="ann", text="it was the disk"))
    await incident.fix(onward.commit(level="good"))
    await _waited(incident.handle)
    return incident.handle


async def roll_forward_open(client: Client, onward: MemoryOnward) -> Any:
    """It waits for a person; what would lead back was refused, a cancel too."""
    incident = await _broken_in_prod(client, onward)
    view = await incident.until(lambda view: bool(view.frozen and view.incident.first.evidence))
    await incident.refused("fix", Fix(commit=view.incident.first.request.commit, by="ann"))
    await incident.handle.cancel()
    await incident.until(lambda view: bool(view.incident.said))
    return incident.handle


async def roll_forward_carried_on(client: Client, onward: MemoryOnward) -> Any:
    """One that has continued as new, with a failure of which there is no evidence yet."""
    request = onward.commit()
    result = ReleaseResult(release=request.id, application=request.application, role="cart", commit=request.commit)
    failed = FailedRelease(
        request=request,
        run=str(uuid4()),
        result=result.ended_from_outside("Terminated", Stage.BUILD),
        ended=datetime.now(UTC),
    )
    state = RollForwardState(
        service=request.service, incident=RollForward.opened_by(failed), unread=(failed,), reminders=3
    )
    incident = Incident(client, request)
    await client.start_workflow(ROLL_FORWARD, state, id=incident.id, task_queue=task_queue(Duty.ORCHESTRATE))
    await incident.until(lambda view: bool(view.incident.first.evidence))
    await _ended(client, onward.commit())
    await _waited(incident.handle)
    return incident.handle


async def fix(client: Client, onward: MemoryOnward) -> Release:
    """A release that a roll-forward started, through a freeze."""
    incident = await _broken_in_prod(client, onward)
    begun = await incident.fix(onward.commit(level="good"))
    release: Release = client.get_workflow_handle_for(ReleaseWorkflow.run, begun.release)
    await _waited(release)
    return release


async def gate_frozen(client: Client, onward: MemoryOnward) -> Any:
    """A release waits for a freeze by hand to end."""
    gate = client.get_workflow_handle(gate_id(onward.application))
    await _ended(client, onward.commit())
    reason = {"application": onward.application, "reason": "stock-taking (ann)"}
    await gate.execute_update("freeze", reason)
    waiting = await started(client, onward.commit(level="other"))
    await publication(waiting)
    await gate.execute_update("unfreeze", {"application": onward.application, "by": "ann"})
    await _waited(waiting)
    return gate


async def plan(client: Client, onward: MemoryOnward) -> Any:
    """A lookup that asks three duties."""
    request = PlanRequest(release=onward.commit())
    lookup = await client.start_workflow(
        PlanWorkflow.run, request, id=lookup_id("plan", onward.application), task_queue=task_queue(Duty.ORCHESTRATE)
    )
    await _waited(lookup)
    return lookup


STORIES: list[Story] = [
    *(verified, build_failed, refused, halted, superseded, cancelled),
    *(rejected, tested_again, gate, gate_carried_on, regression, regression_cancelled, sweep),
    *(roll_forward, roll_forward_open, roll_forward_carried_on, fix, gate_frozen),
    plan,
]


async def record() -> None:
    """Write one file per story; traces of this machine are left out."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        search_attributes=attributes.ALL,
        identity="onward",
        dev_server_extra_args=temporal_config(),
    )
    async with environment:
        for story in STORIES:
            onward = MemoryOnward()
            async with onward.workers(environment.client):
                release = await story(environment.client, onward)
                history = json.loads((await release.fetch_history()).to_json())
            text = json.dumps(_without_traces(history), indent=1, ensure_ascii=False)
            (HISTORIES / f"{story.__name__}.json").write_text(text + "\n")


async def _head_fails(client: Client, onward: MemoryOnward) -> dict[str, Release]:
    releases = await in_queue(client, onward, ["a", "b"])
    onward.runner.answers = lambda run: failing() if "a" in together(onward, run) else passing()
    let_go(onward)
    for release in releases.values():
        await _waited(release)
    return releases


async def _broken_in_prod(client: Client, onward: MemoryOnward) -> Incident:
    await _ended(client, onward.commit())
    bad = onward.commit(level="bad")
    onward.engine.sick_in[bad.commit] = Environment.PROD
    await _ended(client, bad)
    return Incident(client, bad)


async def _regression_of(client: Client, release: Release) -> Any:
    progress = await release.query(ReleaseWorkflow.progress)
    assert progress.regression is not None
    return client.get_workflow_handle(progress.regression.workflow)


async def _ended(client: Client, request: ReleaseRequest) -> Release:
    release = await started(client, request)
    await _waited(release)
    return release


async def _waited(workflow: Any) -> None:
    with contextlib.suppress(WorkflowFailureError):  # many stories end badly on purpose
        await workflow.result()


def _without_traces(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_traces(item) for key, item in value.items() if key != "stackTrace"}
    return [_without_traces(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    asyncio.run(record())

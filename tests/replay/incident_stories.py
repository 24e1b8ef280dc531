"""What roll-forwards, fixes and environments go through, told once each to be recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from temporalio.client import Client

from domain.environment import Environment
from domain.evidence import FailedRelease
from domain.identity import Duty
from domain.release import ReleaseResult, Stage
from domain.roll_forward import RollForward
from domain.roll_forward_messages import ROLL_FORWARD, Acknowledge, Fix, Remark
from domain.roll_forward_state import RollForwardState
from domain.workflow_ids import apply_id, task_queue
from starter.environments import Environments
from tests.fakes.onward import MemoryOnward
from tests.replay.stories import ended, waited
from tests.workflows.incidents import Incident
from tests.workflows.queueing import publication
from tests.workflows.releasing import Release, started
from workflows.release import ReleaseWorkflow


async def env_apply(client: Client, onward: MemoryOnward) -> Any:
    """Networks are missing in prod, and made."""
    onward.publish("cart")
    await Environments(client).applied(Environment.PROD)
    return client.get_workflow_handle(apply_id(Environment.PROD))


async def roll_forward(client: Client, onward: MemoryOnward) -> Any:
    """Broken in prod; a fix that fails, a remark, a fix that works. It ends closed."""
    incident = await _broken_in_prod(client, onward)
    await incident.handle.execute_update("ack", Acknowledge(by="ann"))
    onward.builder.failing.add("RUN broken")
    await incident.fix(onward.commit(dockerfile="FROM base\nRUN broken\n"))
    await incident.until(lambda view: len([each for each in view.incident.attempts if each.evidence]) == 2)
    await incident.handle.execute_update("note", Remark(by="ann", text="it was the disk"))
    await incident.fix(onward.commit(level="good"))
    await waited(incident.handle)
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
    await ended(client, onward.commit())
    await waited(incident.handle)
    return incident.handle


async def roll_forward_hastens(client: Client, onward: MemoryOnward) -> Any:
    """A release of another service is under way, and becomes the fix."""
    incident = await _broken_in_prod(client, onward)
    elsewhere = onward.commit("catalog")
    waiting = await started(client, elsewhere)
    await incident.until(lambda view: view.frozen)
    await publication(waiting)
    await incident.fix(elsewhere)
    await waited(waiting)
    await waited(incident.handle)
    return incident.handle


async def fix(client: Client, onward: MemoryOnward) -> Release:
    """A release that a roll-forward started, through a freeze."""
    incident = await _broken_in_prod(client, onward)
    begun = await incident.fix(onward.commit(level="good"))
    release: Release = client.get_workflow_handle_for(ReleaseWorkflow.run, begun.release)
    await waited(release)
    return release


async def _broken_in_prod(client: Client, onward: MemoryOnward) -> Incident:
    await ended(client, onward.commit())
    bad = onward.commit(level="bad")
    onward.engine.sick_in[bad.commit] = Environment.PROD
    await ended(client, bad)
    return Incident(client, bad)

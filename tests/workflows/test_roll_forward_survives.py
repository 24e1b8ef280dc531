"""A roll-forward that is open for months, and whoever kills its workers."""

from __future__ import annotations

import asyncio

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.notice import Event
from domain.notifier import Undelivered
from domain.roll_forward import State
from domain.roll_forward_messages import Acknowledge, Remark
from starter.roll_forwards import RollForwards
from tests.fakes.onward import MemoryOnward
from tests.workflows.incidents import Incident, told
from tests.workflows.releasing import failed


async def test_it_continues_as_new_in_the_middle_of_everything_and_loses_and_doubles_nothing(
    impatient: WorkflowEnvironment,
) -> None:
    """Remarks, failures and a dead channel at the same time, and a fix in the end."""
    client, onward = impatient.client, MemoryOnward()
    onward.builder.failing.add("RUN broken")
    onward.notifier.failing["memory://on-call"] = Undelivered("connection refused")
    first, *others = [onward.commit(dockerfile=f"FROM base\nRUN broken {n}\n") for n in range(6)]
    async with onward.workers(client):
        await failed(client, first)
        incident = Incident(client, first)
        await incident.handle.execute_update("ack", Acknowledge(by="ann"))

        async def talk() -> None:
            on_call = RollForwards(client)
            for number in range(30):
                await on_call.say(on_call.find(incident.id), "note", Remark(by="ann", text=str(number)))

        await asyncio.gather(talk(), *(failed(client, each) for each in others))
        view = await incident.until(lambda view: all(each.evidence for each in view.incident.attempts))
        assert [each.text for each in view.incident.said if each.by == "ann"][1:] == [str(n) for n in range(30)]
        assert {each.request.commit for each in view.incident.attempts} == {each.commit for each in (first, *others)}
        assert len(view.incident.attempts) == 6
        onward.notifier.failing.clear()
        await incident.fix(onward.commit())
        await incident.closed()
        await incident.until(lambda _: Event.CLOSED in told(onward))

    runs = [each async for each in client.list_workflows(f"WorkflowId = '{incident.id}'")]
    assert len([each for each in runs if each.status is WorkflowExecutionStatus.CONTINUED_AS_NEW]) >= 2
    assert len(told(onward)) == len({notice.id for _, notice in onward.notifier.taken})


async def test_workers_that_die_while_it_is_opened_lose_nothing(temporal: WorkflowEnvironment) -> None:
    onward = MemoryOnward()
    onward.builder.failing.add("RUN broken")
    broken = onward.commit(dockerfile="FROM base\nRUN broken\n")
    running = asyncio.create_task(_for_a_moment(temporal, onward))
    with temporal.with_time_skipping_disabled():
        ending = asyncio.create_task(failed(temporal.client, broken))
        await running
    async with onward.workers(temporal.client):
        result = await ending
        incident = Incident(temporal.client, broken)
        view = await incident.until(lambda view: bool(view.incident.first.evidence))

    assert result.roll_forward == incident.id
    assert (view.state, len(view.incident.attempts)) == (State.WAITING, 1)


async def _for_a_moment(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    async with onward.workers(temporal.client):
        await asyncio.sleep(0.2)

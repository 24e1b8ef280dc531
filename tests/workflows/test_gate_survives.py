"""What dies between a release and its gate, and what the gate goes through itself."""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.gate_messages import Freeze, Leave, Resume
from domain.workflow_ids import candidate_key, gate_id
from starter.gates import Gates
from tests.fakes.onward import MemoryOnward
from tests.workflows.queueing import SIX, gate_of, in_queue, let_go, swept, until_at_gate


async def test_a_release_that_was_terminated_in_the_queue_is_swept_out_of_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    releases = await in_queue(temporal.client, onward, ("a", "b"))
    await releases["a"].terminate("gone")
    let_go(onward)

    result = await swept(temporal.client, onward)

    assert result.left == 1
    ended = await releases["b"].result()
    assert (ended.number, ended.regression.basis if ended.regression else None) == (1, {})


async def test_releases_whose_gate_is_gone_go_to_a_new_one(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    releases = await in_queue(temporal.client, onward, ("a", "b"))
    await temporal.client.get_workflow_handle(gate_id(onward.application)).terminate("gone")

    introduced = 0
    while introduced < 2:  # the server's lists are a moment behind
        introduced += (await swept(temporal.client, onward)).introduced
    let_go(onward)

    assert sorted([(await release.result()).number or 0 for release in releases.values()]) == [1, 2]


async def test_a_gate_continues_as_new_with_candidates_in_flight_and_loses_and_doubles_nothing(
    impatient: WorkflowEnvironment,
) -> None:
    client, onward = impatient.client, MemoryOnward()
    async with onward.workers(client):
        releases = await in_queue(client, onward, SIX)
        gate = client.get_workflow_handle(gate_id(onward.application))
        strangers = [Leave(key=candidate_key("release:x-y:0123456789ab", str(uuid4()))) for _ in range(1000)]

        async def flood() -> None:
            for start in range(0, len(strangers), 50):
                await asyncio.gather(*(gate.signal("leave", each) for each in strangers[start : start + 50]))

        flooding = asyncio.create_task(flood())
        let_go(onward)
        results = [await release.result() for release in releases.values()]
        await flooding

        assert [result.number for result in results] == [1, 2, 3, 4, 5, 6]
        runs = [each async for each in client.list_workflows(f"WorkflowId = '{gate.id}'")]
        continued = [each for each in runs if each.status is WorkflowExecutionStatus.CONTINUED_AS_NEW]
        assert len(continued) > 3
        assert (await gate_of(client, onward)).queue == ()


async def test_thousands_of_messages_are_neither_lost_nor_doubled_nor_out_of_order(
    impatient: WorkflowEnvironment,
) -> None:
    client, onward, dice = impatient.client, MemoryOnward(), random.Random(7)  # noqa: S311 – an order, not a secret
    resumes = [
        Resume(
            application=onward.application,
            key=candidate_key(f"release:{onward.application}-r{number}:0123456789ab", str(uuid4())),
            role=f"r{number}",
            number=number,
        )
        for number in range(1, 2001)
    ]
    sent = [*resumes, *dice.sample(resumes, 200)]
    dice.shuffle(sent)
    async with onward.workers(client):
        await Gates(client).freeze(Freeze(application=onward.application, reason="all are to come first"))
        gate = client.get_workflow_handle(gate_id(onward.application))
        for start in range(0, len(sent), 100):
            await asyncio.gather(*(gate.signal("resume", each) for each in sent[start : start + 100]))
            await Gates(client).view(onward.application)  # who is asked has time to continue as new between two floods
        view = await until_at_gate(client, onward, lambda view: len(view.waiting) >= len(resumes))

        assert [each.number for each in view.waiting] == list(range(1, 2001))
        assert [(each.release, each.run) for each in view.waiting] == [tuple(each.key.split("@")) for each in resumes]
        runs = [each async for each in client.list_workflows(f"WorkflowId = '{gate.id}'")]
        assert len([each for each in runs if each.status is WorkflowExecutionStatus.CONTINUED_AS_NEW]) > 1

"""A release fails; what follows until a later one is verified. Real activities, stores in memory."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.notice import Event
from domain.notifier import Undelivered
from domain.release import ReleaseRequest, ReleaseStatus, Stage
from domain.roll_forward import State, Way
from domain.roll_forward_messages import Acknowledge, NameCulprit, Remark
from domain.workflow_ids import roll_forward_id
from tests.fakes.onward import MemoryOnward
from tests.workflows.incidents import BROKEN, Incident, broken_in_prod, told
from tests.workflows.queueing import gate_of
from tests.workflows.releasing import eventually, failed, released, started
from workflows import attributes


async def test_a_failed_release_belongs_to_a_roll_forward_that_waits_for_a_person(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    result = await failed(temporal.client, broken)

    assert result.roll_forward == roll_forward_id(broken.service)
    view = await Incident(temporal.client, broken).until(lambda view: bool(view.incident.first.evidence))
    assert (view.state, view.prod_affected, view.frozen) == (State.WAITING, False, False)
    assert view.incident.first.failure is not None
    assert view.incident.first.failure.stage is Stage.BUILD
    assert onward.store.key(view.incident.first.evidence) in onward.store.objects
    await eventually(lambda: told(onward) == [Event.OPENED])
    described = await temporal.client.get_workflow_handle(broken.id).describe()
    assert described.typed_search_attributes[attributes.ROLL_FORWARD] == result.roll_forward


async def test_a_fix_that_is_verified_closes_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident, good = Incident(temporal.client, broken), onward.commit()

    begun = await incident.fix(good)

    assert begun.release == good.id
    view = await incident.closed()
    assert view.incident.closed_by == good.id
    assert [(each.way, each.status) for each in view.incident.attempts] == [
        (Way.OPENED, ReleaseStatus.FAILED),
        (Way.FIX, ReleaseStatus.VERIFIED),
    ]
    await incident.handle.result()
    assert told(onward) == [Event.OPENED, Event.FIX_STARTED, Event.CLOSED]


async def test_an_ordinary_release_of_the_service_is_adopted(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)

    await released(temporal.client, onward.commit())

    view = await Incident(temporal.client, broken).closed()
    assert view.incident.attempts[-1].way is Way.ADOPTED


async def test_a_release_of_another_service_closes_nothing(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)

    await released(temporal.client, onward.commit("catalog"))

    view = await Incident(temporal.client, broken).view()
    assert view.state is State.WAITING
    assert len(view.incident.attempts) == 1


async def test_a_fix_that_fails_is_an_attempt_and_the_next_one_closes(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident, worse = Incident(temporal.client, broken), onward.commit(dockerfile=f"{BROKEN}RUN more\n")

    await incident.fix(worse)
    view = await incident.until(lambda view: view.state is State.WAITING and len(view.incident.attempts) == 2)
    assert view.incident.attempts[1].failure is not None
    await incident.fix(onward.commit())

    view = await incident.closed()
    assert [each.way for each in view.incident.attempts] == [Way.OPENED, Way.FIX, Way.FIX]


async def test_a_failure_in_prod_freezes_all_but_the_fix_until_it_is_verified(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    bad = await broken_in_prod(temporal, onward)
    incident = Incident(temporal.client, bad)
    waiting = await started(temporal.client, onward.commit("catalog"))
    assert incident.id in (await gate_of(temporal.client, onward)).frozen
    view = await incident.until(lambda view: view.frozen)
    assert view.prod_affected

    await incident.fix(onward.commit(level="good"))
    await incident.closed()

    assert (await waiting.result()).status is ReleaseStatus.VERIFIED
    assert (await gate_of(temporal.client, onward)).frozen == {}
    in_prod = [name for name, _ in onward.engine.updates if name.startswith("prod-")]
    assert in_prod == [f"prod-{onward.application}-{role}" for role in ("cart", "cart", "cart", "catalog")]


async def test_a_cancelled_release_belongs_to_one_too(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    onward.builder.blocked = threading.Event()
    request = onward.commit()
    release = await started(temporal.client, request)
    async for event in release.fetch_history_events(wait_new_event=True):
        if "build image" in str(event.user_metadata.summary):
            break

    await release.cancel()

    with pytest.raises(WorkflowFailureError):
        await release.result()
    view = await Incident(temporal.client, request).view()
    assert view.incident.first.failure is not None
    assert view.incident.first.failure.kind == "Cancelled"


async def test_a_release_that_is_cancelled_before_anything_was_done_does_not_go_on(
    temporal: WorkflowEnvironment,
) -> None:
    onward = MemoryOnward()
    request = onward.commit()
    release = await started(temporal.client, request)
    await release.cancel()
    async with onward.workers(temporal.client):
        with pytest.raises(WorkflowFailureError):
            await release.result()
        view = await Incident(temporal.client, request).view()

    assert view.incident.first.failure is not None
    assert (view.incident.first.failure.stage, view.incident.first.failure.kind) == (Stage.SOURCE, "Cancelled")
    assert onward.builder.built == []


async def test_a_dead_channel_holds_up_neither_the_end_nor_what_fails_next(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    onward.notifier.failing["memory://on-call"] = Undelivered("connection refused")
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)
    await incident.fix(onward.commit())
    await incident.closed()

    again = onward.commit(dockerfile=f"{BROKEN}RUN again\n")
    await failed(temporal.client, again)

    view = await incident.until(lambda view: view.incident.first.request.commit == again.commit)
    assert view.state is State.WAITING
    assert [each.request.commit for each in view.incident.attempts] == [again.commit]


async def test_a_refused_release_opens_nothing(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    request = onward.commit()
    onward.repositories.commits[request.repository, request.commit]["cart/service.yaml"] += "colour: red\n"

    result = await failed(temporal.client, request)

    assert (result.status, result.roll_forward) == (ReleaseStatus.REFUSED, None)


async def test_nobody_who_asks_it_to_cancel_closes_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)
    await incident.until(lambda view: bool(view.incident.first.evidence))

    await incident.handle.cancel()

    view = await incident.until(lambda view: bool(view.incident.said))
    assert "only a later verified release closes it" in view.incident.said[0].text
    await incident.fix(onward.commit())
    await incident.closed()


async def test_what_people_say_is_kept_and_who_has_it_is_shown(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)

    await incident.handle.execute_update("ack", Acknowledge(by="ann"))
    await incident.handle.execute_update("note", Remark(by="bob", text="the disk was full"))
    await incident.handle.execute_update("name_culprit", NameCulprit(by="ann", role="catalog"))
    own = await incident.refused("name_culprit", NameCulprit(by="ann", role="cart"))

    view = await incident.view()
    assert view.incident.acknowledged_by == "ann"
    assert [each.by for each in view.incident.said] == ["ann", "bob", "ann"]
    assert view.incident.culprits == ["catalog"]
    assert own == "cart is the service that this is about"


async def test_on_call_is_told_again_until_somebody_has_it_and_others_are_told_in_the_end(
    temporal: WorkflowEnvironment,
) -> None:
    onward = MemoryOnward()
    onward.remind_every = timedelta(seconds=0.3)
    onward.builder.failing.add("RUN broken")
    broken = onward.commit(dockerfile=BROKEN)
    async with onward.workers(temporal.client):
        await failed(temporal.client, broken)
        await eventually(lambda: told(onward).count(Event.UNACKNOWLEDGED) >= 3)
        await Incident(temporal.client, broken).handle.execute_update("ack", Acknowledge(by="ann"))
        await asyncio.sleep(0.5)
        before = len(told(onward))
        await asyncio.sleep(1)

    assert len(told(onward)) == before
    again = [(url, notice) for url, notice in onward.notifier.taken if notice.event is Event.UNACKNOWLEDGED]
    first = min((notice for _, notice in again), key=lambda notice: int(notice.id.rpartition("/")[2]))
    bosses = [notice for url, notice in again if url == "memory://boss"]
    assert not first.escalated
    assert bosses
    assert first not in bosses


async def test_a_failure_that_comes_while_it_closes_opens_the_next_one(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)
    await incident.fix(onward.commit())
    await incident.closed()
    await incident.handle.result()

    again = onward.commit(dockerfile=f"{BROKEN}RUN again\n")
    await failed(temporal.client, again)

    view = await incident.until(lambda view: view.state is State.WAITING)
    assert view.incident.first.request.commit == again.commit

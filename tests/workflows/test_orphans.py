"""What dies without a word: the sweep gives every failed release its roll-forward, once."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.identity import ServiceId
from domain.release import Stage
from domain.roll_forward import State
from domain.roll_forward_state import RollForwardState
from domain.workflow_ids import roll_forward_id
from tests.fakes.onward import REPOSITORY, MemoryOnward
from tests.workflows.incidents import Incident
from tests.workflows.queueing import gate_of, publication, swept
from tests.workflows.releasing import failed, released, started
from tests.workflows.sweeping import building, failed_runs, request, runs, swept_until, swept_until_open
from workflows import attributes


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep looks at what closed this very moment."""
    monkeypatch.setattr("activities.orphans.SETTLED", timedelta(days=-999))


async def test_a_terminated_release_is_found_and_known_by_one_roll_forward_however_often_it_is_swept(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    release = await building(temporal.client, onward)
    await release.terminate("somebody was impatient")

    incident = await swept_until_open(temporal.client, onward, request(onward))
    view = await incident.view()

    asked = view.incident.first.request
    assert (asked.repository, asked.commit, asked.service_directory) == (REPOSITORY, asked.commit, "cart")
    assert view.incident.first.failure is not None
    assert (view.incident.first.failure.stage, view.incident.first.failure.kind) == (Stage.BUILD, "Terminated")
    await swept(temporal.client, onward)
    await swept(temporal.client, onward)
    assert len((await incident.view()).incident.attempts) == 1
    assert len(await runs(temporal.client, incident.id)) == 1


async def test_a_release_that_the_server_timed_out_is_found(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    with temporal.with_time_skipping_disabled():
        release = await building(temporal.client, onward, ends_after=timedelta(seconds=2))
        with pytest.raises(WorkflowFailureError):
            await release.result()

    incident = await swept_until_open(temporal.client, onward, request(onward))

    failure = (await incident.view()).incident.first.failure
    assert failure is not None
    assert failure.kind == "Timeout"


async def test_a_fix_that_is_terminated_is_an_attempt_that_failed(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.failing.add("RUN broken")
    broken = onward.commit(dockerfile="FROM base\nRUN broken\n")
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)
    onward.builder.blocked = threading.Event()
    begun = await incident.fix(onward.commit())
    await temporal.client.get_workflow_handle(begun.release).terminate("impatient")

    view = await swept_until(temporal.client, onward, incident, lambda view: view.state is State.WAITING)
    assert view.incident.attempts[1].failure is not None
    assert len(view.incident.attempts) == 2


async def test_a_roll_forward_that_somebody_ended_goes_on(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    onward.builder.failing.add("RUN broken")
    broken = onward.commit(dockerfile="FROM base\nRUN broken\n")
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)
    await incident.until(lambda view: bool(view.incident.first.evidence))
    await incident.handle.terminate("it annoys me")

    view = await swept_until(temporal.client, onward, incident, lambda view: bool(view.incident.said))
    assert view.incident.first.request == broken
    assert "was ended by somebody" in view.incident.said[0].text
    await incident.fix(onward.commit())
    await incident.closed()
    await swept(temporal.client, onward)
    assert len(await runs(temporal.client, incident.id)) == 2


async def test_a_release_that_is_terminated_in_prod_lets_nobody_follow(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit())
    stuck = onward.commit(level="stuck")
    onward.engine.slow_in[stuck.commit] = Environment.PROD
    release = await started(temporal.client, stuck)
    for _ in range(400):
        if (await release.describe()).typed_search_attributes.get(attributes.STAGE) == "deploy prod":
            break
        await asyncio.sleep(0.05)
    other = await started(temporal.client, onward.commit("catalog"))
    await publication(other)

    await release.terminate("impatient")
    await swept_until(temporal.client, onward, Incident(temporal.client, stuck), lambda view: view.frozen)

    assert (await other.describe()).status is WorkflowExecutionStatus.RUNNING
    assert [each.role for each in (await gate_of(temporal.client, onward)).waiting] == ["catalog"]
    assert (await Incident(temporal.client, stuck).view()).prod_affected


async def test_a_freeze_whose_roll_forward_is_closed_is_lifted_and_no_other(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.failing.add("RUN broken")
    broken = onward.commit(dockerfile="FROM base\nRUN broken\n")
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)
    await incident.fix(onward.commit())
    await incident.closed()
    await incident.handle.result()
    gate = temporal.client.get_workflow_handle(f"gate:{onward.application}")
    unknown = f"roll-forward:{onward.application}-unknown"
    for holder in (incident.id, unknown, "by hand"):
        await gate.execute_update("freeze", {"application": onward.application, "holder": holder, "reason": "?"})

    await swept(temporal.client, onward)

    assert list((await gate_of(temporal.client, onward)).frozen) == [unknown, "by hand"]


async def test_a_release_that_was_reset_goes_on_and_opens_nothing(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    release = await building(temporal.client, onward)
    reset = ResetWorkflowExecutionRequest(
        namespace=temporal.client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=release.id),
        workflow_task_finish_event_id=4,
        request_id=str(uuid4()),
    )
    await temporal.client.workflow_service.reset_workflow_execution(reset)
    onward.builder.blocked = None

    for _ in range(5):
        await swept(temporal.client, onward)
        await asyncio.sleep(0.1)

    assert await runs(temporal.client, Incident(temporal.client, request(onward)).id) == []


async def test_one_that_cannot_be_read_keeps_no_other_from_being_found(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    mute = ServiceId(application=onward.application, role="mute")
    wedged = await temporal.client.start_workflow(
        "RollForward", RollForwardState(service=mute), id=roll_forward_id(mute), task_queue="onward"
    )
    await wedged.terminate("it was opened by nobody")
    release = await building(temporal.client, onward)
    await release.terminate("somebody was impatient")

    incident = await swept_until_open(temporal.client, onward, request(onward))

    assert (await incident.view()).incident.first.request.commit == request(onward).commit


async def test_a_fix_of_another_service_that_is_terminated_is_an_attempt_of_who_asked_for_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.failing.add("RUN broken")
    broken = onward.commit(dockerfile="FROM base\nRUN broken\n")
    await failed(temporal.client, broken)
    incident, elsewhere = Incident(temporal.client, broken), onward.commit("catalog")
    onward.builder.blocked = threading.Event()
    begun = await incident.fix(elsewhere)
    await temporal.client.get_workflow_handle(begun.release).terminate("impatient")

    view = await swept_until(temporal.client, onward, incident, lambda view: view.state is State.WAITING)

    assert [each.did_not_work for each in view.incident.attempts] == [True, True]
    assert await runs(temporal.client, roll_forward_id(elsewhere.service)) == []


async def test_every_release_that_did_not_end_well_belongs_to_exactly_one_roll_forward(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.failing.add("RUN broken")
    roles = ["a", "b", "c"]
    requests = [onward.commit(role, dockerfile=f"FROM base\nRUN broken {n}\n") for role in roles for n in range(3)]
    await asyncio.gather(*(failed(temporal.client, request) for request in requests))

    owners = Counter[str]()
    for role in roles:
        incident = Incident(temporal.client, next(each for each in requests if each.role == role))
        view = await incident.until(lambda view: len(view.incident.attempts) == 3)
        owners.update(each.run for each in view.incident.attempts)
        assert incident.id == roll_forward_id(view.incident.service)
    assert owners == Counter(dict.fromkeys(await failed_runs(temporal.client, onward, len(requests)), 1))

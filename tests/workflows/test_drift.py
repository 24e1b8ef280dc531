"""The check for drift: what was changed by hand is said, what was removed is missed."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.drift import REMOVED, Drifted
from domain.environment import Environment
from domain.identity import Duty, ServiceId, canonical_name
from domain.workflow_ids import drift_id, task_queue
from settings import ClientSettings
from starter.connection import Connection
from starter.deployed import DeployedRow, deployed_rows
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import released
from workflows.drift import DriftsFound, DriftWorkflow


async def checked(client: Client, onward: MemoryOnward) -> DriftsFound:
    """One check, as the schedule starts it."""
    return await client.execute_workflow(
        DriftWorkflow.run, id=f"{drift_id()}-{onward.application}", task_queue=task_queue(Duty.ORCHESTRATE)
    )


def prod_cart(onward: MemoryOnward) -> str:
    return canonical_name(Environment.PROD, ServiceId(application=onward.application, role="cart"))


async def in_prod(client: Client, onward: MemoryOnward) -> DeployedRow:
    connection = Connection(client, ClientSettings())
    (row,), _ = await deployed_rows(connection, Environment.PROD, onward.application)
    return row


async def test_what_is_as_it_was_asked_for_is_no_drift(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, onward.commit())

    found = await checked(temporal.client, onward)

    assert [(each.environment, each.services, each.fault) for each in found.environments] == [
        (Environment.CI, (), ""),
        (Environment.PROD, (), ""),
    ]
    assert (await in_prod(temporal.client, onward)).state == "running"


async def test_a_service_that_was_changed_by_hand_is_said_in_each_check_and_to_people(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit())
    name = prod_cart(onward)
    onward.engine.states[name] = onward.engine.states[name].model_copy(update={"drift": ("image changed",)})

    for _ in range(2):
        _, prod = (await checked(temporal.client, onward)).environments
        assert prod.services == (Drifted(name=name, drift=("image changed",)),)

    row = await in_prod(temporal.client, onward)
    assert (row.state, row.drift) == ("drifted", ("image changed",))


async def test_a_service_that_was_removed_is_missed_until_it_is_released_again(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit())
    await checked(temporal.client, onward)
    name = prod_cart(onward)
    gone = onward.engine.states.pop(name)

    for _ in range(2):
        _, prod = (await checked(temporal.client, onward)).environments
        assert prod.services == (Drifted(name=name, drift=(REMOVED,)),)
    row = await in_prod(temporal.client, onward)
    assert (row.state, row.drift, row.healthy, row.number) == ("drifted", (REMOVED,), 0, gone.number)

    await released(temporal.client, onward.commit(level="warning"))
    _, prod = (await checked(temporal.client, onward)).environments
    assert prod.services == ()
    assert (await in_prod(temporal.client, onward)).state == "running"

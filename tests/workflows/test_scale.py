"""Sizes by a person, and ci as it is in prod, for as long as somebody needs it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.deployment import UpdateState
from domain.environment import Environment
from domain.errors import Refused
from domain.identity import ServiceId, canonical_name
from domain.mirror import Mirror, Reset
from domain.scale import Action, ScaleRequest, Sizing
from domain.workflow_ids import mirror_id
from starter.scaling import Scaling
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import eventually, released

CI, PROD = Environment.CI, Environment.PROD

#: Real time: what an update starts is not what the clock skips for.
SHORT = timedelta(seconds=3)


def request(onward: MemoryOnward, replicas: int, environment: Environment = PROD) -> ScaleRequest:
    return ScaleRequest(
        environment=environment, service=cart(onward), replicas=replicas, by="ann", reason="the sale begins"
    )


def cart(onward: MemoryOnward) -> ServiceId:
    return ServiceId(application=onward.application, role="cart")


def replicas(onward: MemoryOnward, environment: Environment, role: str = "cart") -> int:
    name = canonical_name(environment, ServiceId(application=onward.application, role=role))
    return onward.engine.states[name].replicas


@pytest.fixture
async def scaling(temporal: WorkflowEnvironment, onward: MemoryOnward) -> Scaling:
    """Of an application whose cart is released."""
    await released(temporal.client, onward.commit())
    return Scaling(temporal.client)


async def test_a_size_is_recorded_and_kept_by_the_next_release(
    temporal: WorkflowEnvironment, onward: MemoryOnward, scaling: Scaling
) -> None:
    change = await scaling.scale(request(onward, 4))

    assert (change.before, change.replicas) == (1, 4)
    await released(temporal.client, onward.commit(level="warning"))
    sizes = await scaling.sizes(PROD, onward.application)
    (service,) = sizes.services
    assert (service.replicas, service.healthy, service.number) == (4, 4, 2)
    (record,) = sizes.records
    assert (record.by, record.reason, record.changes) == ("ann", "the sale begins", (change,))
    assert (await scaling.sizes(CI, onward.application)).records == ()


async def test_a_refused_size_changes_nothing_and_is_not_recorded(onward: MemoryOnward, scaling: Scaling) -> None:
    with pytest.raises(Refused, match=r"1 to 5 replicas \(scale.prod of release #1\), not 6"):
        await scaling.scale(request(onward, 6))

    assert onward.engine.resized == []
    assert (await scaling.sizes(PROD, onward.application)).records == ()


async def test_a_halted_service_is_not_scaled(
    temporal: WorkflowEnvironment, onward: MemoryOnward, scaling: Scaling
) -> None:
    name = canonical_name(PROD, cart(onward))
    onward.engine.states[name] = onward.engine.states[name].model_copy(update={"update": UpdateState.PAUSED})

    with pytest.raises(Refused, match="halted in its update to #1"):
        await scaling.scale(request(onward, 4))


def mirror(onward: MemoryOnward, lasts: timedelta = timedelta(hours=2)) -> Mirror:
    return Mirror(application=onward.application, by="ann", reason="it is slow with four", lasts=lasts)


async def ended(client: Client, onward: MemoryOnward) -> None:
    await client.get_workflow_handle(mirror_id(onward.application)).result()


async def test_a_mirror_ends_by_itself_and_ci_has_its_own_size_again(
    temporal: WorkflowEnvironment, onward: MemoryOnward, scaling: Scaling
) -> None:
    await scaling.scale(request(onward, 4))
    with temporal.with_time_skipping_disabled():
        done = await scaling.mirror(mirror(onward, SHORT))
        assert [(each.role, each.before, each.replicas, each.fault) for each in done.changes] == [("cart", 1, 4, "")]
        assert done.until is not None
        assert replicas(onward, CI) == 4

    await ended(temporal.client, onward)
    assert (replicas(onward, CI), replicas(onward, PROD)) == (1, 4)
    reset, begun = (await scaling.sizes(CI, onward.application)).records
    assert (reset.action, reset.by, reset.reason) == (
        Action.RESET,
        "Onward",
        "the mirror that ann asked for has expired",
    )
    assert reset.at - begun.at >= SHORT
    assert begun.until == done.until


async def test_a_release_during_a_mirror_keeps_it_and_a_reset_ends_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward, scaling: Scaling
) -> None:
    await scaling.scale(request(onward, 4))
    with temporal.with_time_skipping_disabled():
        await scaling.mirror(mirror(onward))
        await released(temporal.client, onward.commit(level="warning"))
        assert await one(scaling, onward) == (4, 2, True)
        with pytest.raises(Refused, match="mirrors prod's size"):
            await scaling.scale(request(onward, 2, CI))

        done = await scaling.mirror(Reset(application=onward.application, by="bob", reason="found it"))

        assert ([(each.before, each.replicas) for each in done.changes], done.until) == ([(4, 1)], None)
        assert await one(scaling, onward) == (1, 2, False)
        await ended(temporal.client, onward)


async def test_a_second_mirror_prolongs_the_first_and_follows_prod(
    temporal: WorkflowEnvironment, onward: MemoryOnward, scaling: Scaling
) -> None:
    with temporal.with_time_skipping_disabled():
        first = await scaling.mirror(mirror(onward, timedelta(seconds=20)))
        await scaling.scale(request(onward, 3))
        second = await scaling.mirror(mirror(onward, SHORT))
        assert first.until is not None
        assert second.until is not None
        assert second.until != first.until
        assert replicas(onward, CI) == 3

        await ended(temporal.client, onward)

    assert replicas(onward, CI) == 1
    reset, *mirrors = (await scaling.sizes(CI, onward.application)).records
    assert [each.until for each in mirrors] == [second.until, first.until]
    assert reset.at >= second.until


async def test_a_mirror_that_somebody_terminated_can_still_be_reset(
    temporal: WorkflowEnvironment, onward: MemoryOnward, scaling: Scaling
) -> None:
    await scaling.scale(request(onward, 4))
    with temporal.with_time_skipping_disabled():
        await scaling.mirror(mirror(onward))
        await temporal.client.get_workflow_handle(mirror_id(onward.application)).terminate("by mistake")

        await scaling.mirror(Reset(application=onward.application, by="bob", reason="it is over"))

    assert replicas(onward, CI) == 1


async def test_a_cancelled_mirror_gives_ci_its_own_size_back(
    temporal: WorkflowEnvironment, onward: MemoryOnward, scaling: Scaling
) -> None:
    await scaling.scale(request(onward, 4))
    with temporal.with_time_skipping_disabled():
        await scaling.mirror(mirror(onward))
        await temporal.client.get_workflow_handle(mirror_id(onward.application)).cancel()
        await eventually(lambda: replicas(onward, CI) == 1)
        await ended(temporal.client, onward)


async def one(scaling: Scaling, onward: MemoryOnward) -> tuple[int, int, bool]:
    services: tuple[Sizing, ...] = (await scaling.sizes(CI, onward.application)).services
    return services[0].replicas, services[0].number, services[0].mirrored

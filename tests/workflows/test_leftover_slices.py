"""The sweep removes a slice by age and owner: old, and of a regression that is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.slices import FoundSlice, SliceOwner
from tests.fakes.onward import MemoryOnward
from tests.workflows.queueing import in_queue, let_go, swept
from tests.workflows.releasing import eventually, started

LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


def nobodys(onward: MemoryOnward, name: str, created: datetime) -> None:
    """A slice of a regression that nobody knows any more."""
    owner = SliceOwner(name=name, application=onward.application, regression="regression:gone", run=str(uuid4()))
    onward.slices.there[name] = FoundSlice(owner=owner, created=created)


async def test_only_an_old_slice_whose_regression_is_over_is_removed(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    releases = await in_queue(temporal.client, onward, ["cart"])
    await eventually(lambda: len(onward.slices.there) == 1)
    (running,) = onward.slices.there
    onward.slices.there[running] = onward.slices.there[running].model_copy(update={"created": LONG_AGO})
    nobodys(onward, "slice-old", LONG_AGO)
    nobodys(onward, "slice-young", datetime.now(UTC))

    await swept(temporal.client, onward)

    assert onward.slices.downs == ["slice-old"]
    assert set(onward.slices.there) == {running, "slice-young"}
    let_go(onward)
    assert (await releases["cart"].result()).number == 1


async def test_the_slice_of_a_terminated_regression_goes_once_its_suites_have_heard_of_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward, monkeypatch: pytest.MonkeyPatch
) -> None:
    onward.runner.hanging.add("cart")
    monkeypatch.setattr("activities.gate.STOPPED_WITHIN", timedelta(hours=1))
    await started(temporal.client, onward.commit("cart"))
    await eventually(lambda: onward.runner.running == 1)
    ((name, slice_),) = onward.slices.there.items()
    onward.slices.there[name] = slice_.model_copy(update={"created": LONG_AGO})
    await temporal.client.get_workflow_handle(slice_.owner.regression).terminate("impatient")

    await swept(temporal.client, onward)

    assert set(onward.slices.there) == {name}
    await eventually(lambda: onward.runner.running == 0)
    monkeypatch.setattr("activities.gate.STOPPED_WITHIN", timedelta(0))
    await swept(temporal.client, onward)
    assert onward.slices.there == {}


async def test_a_slice_that_does_not_go_keeps_no_other_there_and_is_said(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    nobodys(onward, "slice-old", LONG_AGO - timedelta(hours=1))
    nobodys(onward, "slice-new", LONG_AGO)
    onward.slices.stuck.add("slice-old")

    found = await swept(temporal.client, onward)

    assert (onward.slices.downs, set(onward.slices.there)) == (["slice-new"], {"slice-old"})
    assert found.faults == ("take_down: the network of slice-old is in use by a task that is gone",)

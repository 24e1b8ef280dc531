"""A change of size whose worker dies half way: the next attempt records and asks nothing twice."""

from __future__ import annotations

import pytest
from temporalio.testing import ActivityEnvironment

from activities.scale import ScaleActivities
from activities.scale_records import ScaleRecords
from domain.environment import Environment
from domain.errors import Conflict, InvalidInput, Refused
from domain.identity import ServiceId, canonical_name
from domain.mirror import MirrorOrder
from domain.scale import Change, ScaleOrder, ScaleQuestion, ScaleRequest, Size
from tests.activities.publishing import Publishing
from tests.domain.builders import CART, MOMENT, definition, deployment, manifest
from tests.fakes.engines import MemoryEngine
from tests.fakes.progress import SilentProgress


class Dying(MemoryEngine):
    """The first size is written, and then nobody is there to say so."""

    died = False

    def resize(self, environment: Environment, service: ServiceId, size: Size, number: int) -> None:
        super().resize(environment, service, size, number)
        if not self.died:
            self.died = True
            raise Conflict("the worker died here")


class TakenOver(Dying):
    """Somebody else asks for another size at the next moment."""

    died = True

    def resize(self, environment: Environment, service: ServiceId, size: Size, number: int) -> None:
        super().resize(environment, service, size, number)
        name = canonical_name(environment, service)
        self.states[name] = self.states[name].model_copy(update={"replicas": 7})


class Running:
    """A release of the cart that runs in an environment."""

    def __init__(self, environment: Environment, engine: Dying | None = None) -> None:
        self.engine, publishing = engine or Dying(), Publishing()
        limits = definition("scale: {ci: {min: 1, max: 2}, prod: {min: 1, max: 5}}\n")
        pointer = publishing.signed(manifest(definition=limits))
        self.engine.deploy(deployment(environment=environment, definition=limits, manifest=pointer), SilentProgress())
        onward = publishing.onward
        self.records = ScaleRecords(onward.store)
        self.activities = ScaleActivities(environment, self.engine, self.engine, onward.manifests(), onward.store)


def order(environment: Environment) -> ScaleOrder:
    request = ScaleRequest(environment=environment, service=CART, replicas=4, by="ann", reason="the sale begins")
    return ScaleOrder(request=request, at=MOMENT, run="run")


def test_a_size_is_asked_for_and_recorded_once_although_the_worker_dies() -> None:
    running = Running(Environment.PROD)
    with pytest.raises(Conflict):
        ActivityEnvironment().run(running.activities.scale, order(Environment.PROD))

    change = ActivityEnvironment().run(running.activities.scale, order(Environment.PROD))

    assert change == Change(role="cart", before=1, replicas=4)
    assert running.engine.resized == [("prod-shop-cart", 4)]
    (record,) = running.records.newest(Environment.PROD, "shop")
    assert record.changes == (change,)


def test_a_mirror_and_its_end_are_asked_for_and_recorded_once_although_the_worker_dies() -> None:
    running = Running(Environment.CI)
    on = MirrorOrder(application="shop", by="ann", reason="slow", at=MOMENT, run="run-1", sizes={"cart": 4})
    off = on.model_copy(update={"run": "run-2", "sizes": None})
    with pytest.raises(Conflict):
        ActivityEnvironment().run(running.activities.mirror, on)
    assert ActivityEnvironment().run(running.activities.mirror, on).changes == (
        Change(role="cart", before=1, replicas=4),
    )
    running.engine.died = False
    with pytest.raises(Conflict):
        ActivityEnvironment().run(running.activities.mirror, off)

    done = ActivityEnvironment().run(running.activities.mirror, off)

    assert done.changes == (Change(role="cart", before=4, replicas=1),)
    assert running.engine.resized == [("ci-shop-cart", 4), ("ci-shop-cart", 1)]
    assert len(running.records.newest(Environment.CI, "shop")) == 2


def test_a_worker_scales_its_own_environment_only() -> None:
    running = Running(Environment.CI)
    with pytest.raises(InvalidInput, match="serves ci, not prod"):
        ActivityEnvironment().run(running.activities.scale, order(Environment.PROD))
    with pytest.raises(InvalidInput, match="serves ci, not prod"):
        running.activities.sizes(ScaleQuestion(environment=Environment.PROD, application="shop"))


def test_a_size_that_somebody_else_changes_meanwhile_is_no_success() -> None:
    running = Running(Environment.PROD, TakenOver())

    with pytest.raises(Refused, match="was asked for 4 replicas, and for something else before they served"):
        ActivityEnvironment().run(running.activities.scale, order(Environment.PROD))


def test_a_mirror_names_a_service_that_somebody_else_changes_meanwhile() -> None:
    running = Running(Environment.CI, TakenOver())
    on = MirrorOrder(application="shop", by="ann", reason="slow", at=MOMENT, run="run-1", sizes={"cart": 4})

    (change,) = ActivityEnvironment().run(running.activities.mirror, on).changes

    assert change.replicas == 4
    assert "for something else before they served" in change.fault

"""The bake: a release must stay whole for all of its time."""

from __future__ import annotations

import pytest
from temporalio.testing import ActivityEnvironment

from activities.bake import BakeActivities
from activities.monitors import MonitorReader
from domain.deployment import ServiceState
from domain.environment import Environment
from domain.errors import Superseded, VerifyFailed
from domain.identity import ServiceId
from domain.service import Kind
from domain.stages import Checked
from tests.activities.test_targets import Published
from tests.domain.builders import IMAGE, definition, deployment, manifest, task
from tests.fakes.engines import MemoryEngine
from tests.fakes.progress import SilentProgress


class Watched(MemoryEngine):
    """Shows a service as it is for some looks, and then as it is afterwards: changed, or gone."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.changed_at = 0
        self.change: dict[str, object] | None = None

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        self.looks += 1
        state = super().observe(environment, service)
        if state is None or not self.changed_at or self.looks < self.changed_at:
            return state
        return state.model_copy(update=self.change) if self.change else None


class Baking:
    """A published release that runs in prod."""

    def __init__(self, bake: str) -> None:
        self.engine = Watched()
        self._published = Published(manifest(definition=definition(f"verify: {{bake: {bake}}}\n")))
        number = self._published.target().number
        release = deployment(number, environment=Environment.PROD, manifest=self._published.pointer)
        self.engine.deploy(release, SilentProgress())

    def bake(self) -> Checked:
        targets, store = self._published.targets(), self._published.onward.store
        bakes = BakeActivities(targets, {Kind.SERVICE: self.engine}, MonitorReader(targets, store), None)
        return ActivityEnvironment().run(bakes.bake, self._published.target())


def test_a_service_that_stays_healthy_lasts_its_bake_and_is_looked_at_all_the_time() -> None:
    baking = Baking("2s")

    assert baking.bake() == Checked(detail="baked 2 s")
    assert baking.engine.looks >= 3, "at its begin, each second, and at its end"


@pytest.mark.parametrize("look", [1, 2, 3])
def test_a_service_that_becomes_unhealthy_during_the_bake_fails_it(look: int) -> None:
    baking = Baking("2s")
    sick = task(1, running=False, state="failed").model_copy(update={"error": "exit code 137"})
    baking.engine.changed_at, baking.engine.change = look, {"tasks": (sick,)}

    with pytest.raises(VerifyFailed, match="prod-shop-cart did not last its bake: exit code 137"):
        baking.bake()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(None, id="removed"),
        pytest.param({"tasks": ()}, id="no replica"),
        pytest.param({"replicas": 2}, id="a replica too few"),
        pytest.param({"tasks": (task(1, digest="sha256:" + "9" * 64),)}, id="another image"),
    ],
)
def test_a_service_that_is_not_whole_any_more_fails_it(change: dict[str, object] | None) -> None:
    baking = Baking("1s")
    baking.engine.changed_at, baking.engine.change = 1, change

    with pytest.raises(VerifyFailed, match="it is not whole any more"):
        baking.bake()


def test_replicas_that_are_asked_for_during_the_bake_are_waited_for() -> None:
    baking = Baking("2s")
    baking.engine.changed_at, baking.engine.change = 2, {"replicas": 3}

    assert baking.bake() == Checked(detail="baked 2 s")


def test_replicas_that_fail_when_they_are_asked_for_fail_the_bake() -> None:
    baking = Baking("2s")
    sick = task(1, running=False, state="failed").model_copy(update={"error": "exit code 137"})
    baking.engine.changed_at, baking.engine.change = 2, {"replicas": 3, "tasks": (task(1, digest=IMAGE.digest), sick)}

    with pytest.raises(VerifyFailed, match="did not last its bake: exit code 137"):
        baking.bake()


def test_a_newer_release_that_takes_its_place_during_the_bake_is_no_failure_of_it() -> None:
    baking = Baking("1s")
    newer = task(2, digest=IMAGE.digest)
    baking.engine.changed_at, baking.engine.change = 1, {"number": 2, "tasks": (newer,)}

    with pytest.raises(Superseded):
        baking.bake()

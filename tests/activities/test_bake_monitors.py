"""The bake: no monitor of the release fires, and it is known that none would."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.bake import BakeActivities, Patience
from activities.monitors import MonitorActivities, MonitorReader
from domain import keys
from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.environment import Environment
from domain.errors import Unreachable, Untrusted, VerifyFailed
from domain.monitor import Monitoring
from domain.monitor_state import ActiveAlert
from domain.service import Kind
from domain.stages import Checked
from tests.activities.test_targets import Published
from tests.domain.builders import IMAGE, deployment, manifest
from tests.fakes.engines import MemoryEngine
from tests.fakes.monitoring import MemoryMonitoring
from tests.fakes.progress import SilentProgress
from tests.monitors import DEFINITION, definition, own

NAME = "prod-shop-cart"
LABELS = {"alertname": "CartFails", "environment": "prod", "application": "shop", "role": "cart"}


class Baking:
    """A published release that runs in prod, and its monitors."""

    settled = timedelta(0)

    def __init__(self, bake: str = "1s") -> None:
        rules = own().rules.encode()
        digest = digest_of(rules)
        artifact = Artifact(kind=ArtifactKind.MONITORS, uri=f"s3://memory/{keys.monitors_key(digest)}", digest=digest)
        service = definition(f"{DEFINITION}verify: {{bake: {bake}}}\n")
        self.published = Published(manifest(definition=service, artifacts=(IMAGE, artifact)))
        self.store = self.published.onward.store
        self.store.put(keys.monitors_key(digest), rules)
        self.engine = MemoryEngine()
        self.monitoring = MemoryMonitoring()
        number = self.published.number or 0
        release = deployment(number, environment=Environment.PROD, manifest=self.published.pointer, definition=service)
        self.engine.deploy(release, SilentProgress())
        self.arrived = self.engine.states[NAME].since

    def install(self) -> Checked:
        activities = MonitorActivities(self._reader(), self.monitoring, Environment.PROD)
        return ActivityEnvironment().run(activities.install_monitors, self.published.target())

    def bake(self, monitoring: Monitoring | None = None, environment: ActivityEnvironment | None = None) -> str:
        patience = Patience(timedelta(seconds=3), timedelta(seconds=1), settled=self.settled)
        engines = {Kind.SERVICE: self.engine}
        activities = BakeActivities(
            self.published.targets(), engines, self._reader(), monitoring or self.monitoring, patience
        )
        return (environment or ActivityEnvironment()).run(activities.bake, self.published.target()).detail

    def alert(self, *, firing: bool, after: float = 1) -> None:
        since = self.arrived + timedelta(seconds=after)
        found = ActiveAlert(labels=LABELS, firing=firing, since=since, value="4e+00", summary="4 carts fail")
        self.monitoring.active[NAME] = {"CartFails": found}

    def _reader(self) -> MonitorReader:
        return MonitorReader(self.published.targets(), self.store)


def prolonged(detail: str) -> int:
    """For how many seconds a release that passed was watched."""
    found = re.match(r"baked (\d+) s: 6 monitors silent", detail)
    assert found, detail
    return int(found[1])


@pytest.fixture
def baking() -> Baking:
    """With its monitors installed."""
    found = Baking()
    assert found.install().detail == "6 monitors installed"
    return found


def test_what_is_installed_already_is_not_installed_again(baking: Baking) -> None:
    assert baking.install().detail == "6 monitors as before"
    assert baking.monitoring.loads == [NAME]


def test_silent_monitors_let_a_release_pass_and_it_is_said_what_they_saw(baking: Baking) -> None:
    baking.monitoring.values["clamp_min"] = 132

    seen = "ErrorRatioHigh, LatencyHigh saw 132 requests; ErrorRatioHigh looks back 1m; LatencyHigh looks back 2m"
    assert baking.bake() == f"baked 1 s: 6 monitors silent; {seen}"


def test_that_nobody_asked_is_said_too(baking: Baking) -> None:
    baking.monitoring.values["clamp_min"] = 0

    assert "ErrorRatioHigh, LatencyHigh saw 0 requests;" in baking.bake()


def test_a_monitor_that_fires_fails_the_release_with_its_labels_and_value(baking: Baking) -> None:
    baking.alert(firing=True)

    with pytest.raises(VerifyFailed) as failed:
        baking.bake()
    labels = 'application="shop", environment="prod", role="cart"'
    assert str(failed.value) == f"{NAME}: CartFails fires {{{labels}}} with value 4e+00: 4 carts fail"


def test_one_that_fires_for_what_the_deploy_did_has_time_to_end(baking: Baking) -> None:
    baking.settled = timedelta(seconds=1.5)
    baking.alert(firing=True)
    with _meanwhile(0.5, baking.monitoring.active.clear):
        assert prolonged(baking.bake()) > 1

    baking.alert(firing=True)
    with pytest.raises(VerifyFailed, match="CartFails fires"):
        baking.bake()


def test_one_that_is_pending_prolongs_the_bake_until_it_fires(baking: Baking) -> None:
    baking.alert(firing=False)
    with _meanwhile(2, lambda: baking.alert(firing=True)), pytest.raises(VerifyFailed, match="CartFails fires"):
        baking.bake()


def test_one_that_is_pending_prolongs_the_bake_until_it_is_over(baking: Baking) -> None:
    baking.alert(firing=False)
    with _meanwhile(2, baking.monitoring.active.clear):
        seconds = prolonged(baking.bake())
    assert seconds > 1
    assert f"offset {seconds}s" in baking.monitoring.asked[-1], "requests are counted as long as it was watched"


def test_one_that_stays_pending_is_no_pass_in_the_end(baking: Baking) -> None:
    baking.alert(firing=False)
    with pytest.raises(VerifyFailed, match=f"{NAME} is not verified: CartFails is pending"):
        baking.bake()


def test_one_that_fires_since_before_a_fix_came_has_to_end(baking: Baking) -> None:
    baking.alert(firing=True, after=-60)
    with _meanwhile(2, baking.monitoring.active.clear):
        assert prolonged(baking.bake()) > 1

    baking.alert(firing=True, after=-60)
    with pytest.raises(VerifyFailed, match=r"is not verified: CartFails fires .* since before this release came"):
        baking.bake()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda it: it.monitoring.values.update({"carts_total": None}),
            r"CartFails: no data, count\(carts_total.* has no",
        ),
        (lambda it: setattr(it.monitoring, "health", "unknown"), "CartFails: its health is unknown"),
        (lambda it: it.monitoring.there.clear(), "what Prometheus has is not the 6 monitors of this release"),
    ],
    ids=["no data", "unknown health", "not loaded"],
)
def test_no_data_is_not_verified_and_never_a_pass(
    baking: Baking, change: Callable[[Baking], object], expected: str
) -> None:
    change(baking)
    with pytest.raises(VerifyFailed, match=f"{NAME} is not verified: .*{expected}"):
        baking.bake()


def test_data_that_comes_late_is_waited_for(baking: Baking) -> None:
    baking.monitoring.values["carts_total"] = None
    with _meanwhile(1.2, baking.monitoring.values.clear):
        assert prolonged(baking.bake()) > 1


def test_a_prometheus_that_does_not_answer_is_an_error_that_is_tried_again(baking: Baking) -> None:
    baking.monitoring.unreachable = 1

    with pytest.raises(Unreachable):
        baking.bake()
    assert baking.bake().startswith("baked 1 s")


def test_the_next_attempt_watches_for_what_is_left(baking: Baking) -> None:
    baking = Baking("30s")
    baking.install()
    first, beats = ActivityEnvironment(), list[tuple[object, ...]]()
    first.on_heartbeat = lambda *details: beats.append(details)
    with _meanwhile(2.5, lambda: setattr(baking.monitoring, "unreachable", 1)), pytest.raises(Unreachable):
        baking.bake(environment=first)
    line, watched = beats[-1]
    assert isinstance(watched, float)
    assert 1 < watched < 4
    assert str(line).startswith("baking, ")

    second = ActivityEnvironment()
    second.info = replace(second.info, heartbeat_details=[line, 29.0])
    began = time.monotonic()
    assert baking.bake(environment=second).startswith("baked 30 s")
    assert time.monotonic() - began < 20


def test_without_a_prometheus_nothing_is_verified_by_it() -> None:
    baking = Baking()
    activities = BakeActivities(baking.published.targets(), {Kind.SERVICE: baking.engine}, baking._reader(), None)

    with pytest.raises(VerifyFailed, match="nothing judges its monitors\n  expected: ONWARD_PROMETHEUS_URL and"):
        ActivityEnvironment().run(activities.bake, baking.published.target())


def test_monitors_with_other_bytes_than_the_manifest_says_are_not_installed() -> None:
    baking = Baking()
    key = next(key for key in baking.store.objects if key.startswith("monitors/"))
    baking.store.objects[key] += b"# more\n"

    with pytest.raises(Untrusted):
        baking.install()
    assert baking.monitoring.there == {}


class _meanwhile:  # noqa: N801 – reads as a statement
    """Something happens some seconds after the block begins."""

    def __init__(self, seconds: float, happen: Callable[[], object]) -> None:
        self._timer = threading.Timer(seconds, happen)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.join()

"""What Prometheus is told of disks: what a datastore said within three minutes, or nothing."""

from __future__ import annotations

import threading
import time

from domain.disk import DiskUse
from domain.environment import Environment
from domain.errors import NotFound, Unreachable
from domain.identity import ServiceId
from engines.disk_exporter import ASK_EVERY, RETRY_EVERY, STALE, DiskCollector, looking
from engines.swarm_api import Json

DB = ServiceId(application="shop", role="orders-db")


class MemoryDisks:
    """Datastores that say what they are told to."""

    def __init__(self) -> None:
        self.free: dict[ServiceId, int] = {DB: 400}
        self.gone = self.silent = False
        self.asked = self.looks = 0
        self.changed = ""

    def datastores(self) -> dict[ServiceId, Json]:
        if self.gone:
            raise Unreachable("Docker Engine", "memory", "connection refused")
        return {service: {"role": service.role} for service in self.free}

    def use(self, service: Json) -> DiskUse:
        self.asked += 1
        if service["role"] == self.changed:
            raise KeyError("Mounts")
        if self.silent:
            raise NotFound(f"{service['role']} does not run")
        return DiskUse(1000, self.free[ServiceId(application="shop", role=service["role"])])


class Exported:
    """A collector of two datastores at most, with a clock of its own."""

    def __init__(self) -> None:
        self.disks = MemoryDisks()
        self.now = 1000.0
        self.collector = DiskCollector(Environment.PROD, self.disks, lambda: self.now)

    def told(self, after: float = 0) -> dict[str, float]:
        """Role → free bytes, after so many seconds and another look."""
        self.now += after
        self.collector.look()
        (free,) = (each for each in self.collector.collect() if each.name.endswith("free_bytes"))
        return {sample.labels["role"]: sample.value for sample in free.samples}


def test_a_datastore_is_asked_when_it_is_new_and_then_once_a_minute() -> None:
    exported = Exported()
    assert exported.told() == {"orders-db": 400}
    exported.disks.free[DB] = 300
    assert exported.told(ASK_EVERY - 1) == {"orders-db": 400}
    assert exported.disks.asked == 1
    exported.disks.free[ServiceId(application="shop", role="stock-db")] = 7
    assert exported.told(1) == {"orders-db": 300, "stock-db": 7}


def test_one_that_does_not_answer_keeps_what_it_said_for_three_minutes() -> None:
    exported = Exported()
    exported.told()
    exported.disks.silent = True
    assert exported.told(STALE - 1) == {"orders-db": 400}
    assert exported.told(1) == {}
    exported.disks.silent = False
    assert exported.told(RETRY_EVERY - 2) == {}
    assert exported.told(1) == {"orders-db": 400}
    assert exported.disks.asked == 3


def test_an_engine_that_is_gone_and_a_datastore_that_is_removed_leave_no_data() -> None:
    exported = Exported()
    exported.told()
    exported.disks.gone = True
    assert exported.told(STALE) == {}
    exported.disks.gone = False
    exported.told()
    exported.disks.free.clear()
    assert exported.told() == {}


def test_what_nobody_foresaw_of_one_leaves_the_others_told() -> None:
    exported = Exported()
    exported.disks.free = {ServiceId(application="shop", role="a-db"): 1, DB: 400}
    exported.disks.changed = "a-db"
    assert exported.told() == {"orders-db": 400}


def test_what_nobody_foresaw_does_not_end_the_watch() -> None:
    exported, seen = Exported(), threading.Event()

    def datastores() -> dict[ServiceId, Json]:
        exported.disks.looks += 1
        if exported.disks.looks == 1:
            raise KeyError("a label that somebody removed")
        seen.set()
        return {}

    exported.disks.datastores = datastores  # type: ignore[method-assign]
    with looking(exported.collector, every=0.01):
        assert seen.wait(30)
    looks = exported.disks.looks
    time.sleep(0.1)
    assert exported.disks.looks == looks, "it ends with the block"

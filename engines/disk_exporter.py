"""How full the disks of datastores are, for Prometheus: asked once a minute, beside whoever asks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.disk import DiskUse
from domain.environment import Environment
from domain.errors import OnwardError
from domain.identity import ServiceId
from engines.beside import beside
from engines.replica_exporter import LABELS
from engines.swarm_api import Json

#: Seconds between two looks for datastores, after which one is asked again, and one that did not answer.
LOOK_EVERY = 10.0
ASK_EVERY = 60.0
RETRY_EVERY = 30.0

#: Seconds after which what was told is no data any more.
STALE = 180.0

log = logging.getLogger("onward.exporter")


class Disks(Protocol):
    """The datastores of an environment; :class:`engines.swarm_disks.SwarmDisks`."""

    def datastores(self) -> dict[ServiceId, Json]: ...

    def use(self, service: Json) -> DiskUse: ...


class DiskCollector(Collector):
    """The disks of one environment, as they were up to three minutes ago; later there is no data, not old data.

    A datastore that is restarted keeps what was told of it, so that its bake need not wait for the next look.
    """

    def __init__(self, environment: Environment, disks: Disks, clock: Callable[[], float] = time.monotonic) -> None:
        self._environment = environment
        self._disks = disks
        self._clock = clock
        self._told: dict[ServiceId, tuple[float, DiskUse]] = {}
        self._due: dict[ServiceId, float] = {}

    def collect(self) -> Iterable[Metric]:
        """Without asking anybody."""
        size = GaugeMetricFamily("onward_datastore_disk_size_bytes", "The disk below a volume.", labels=LABELS)
        free = GaugeMetricFamily("onward_datastore_disk_free_bytes", "What may still be written.", labels=LABELS)
        now = self._clock()
        for service, (when, use) in self._told.copy().items():
            if now - when < STALE:
                labels = [self._environment.value, service.application, service.role]
                size.add_metric(labels, use.size)
                free.add_metric(labels, use.free)
        yield from (size, free)

    def look(self) -> None:
        """Ask each datastore that is new, or was not asked for a minute; what does not answer is asked next time."""
        try:
            found = self._disks.datastores()
        except OnwardError as error:
            log.warning("disks of %s: %s", self._environment, error)
            return
        self._told = {service: told for service, told in self._told.items() if service in found}
        self._due = {service: due for service, due in self._due.items() if service in found}
        for service, there in found.items():
            now = self._clock()
            if now < self._due.get(service, now):
                continue
            self._due[service] = now + RETRY_EVERY
            try:
                self._told[service] = (now, self._disks.use(there))
            except OnwardError as error:
                log.warning("disk of %s-%s: %s", self._environment, service, error)
            except Exception:  # what somebody changed by hand must not end the watch of all others
                log.exception("disk of %s-%s", self._environment, service)
            else:
                self._due[service] = now + ASK_EVERY


def looking(collector: DiskCollector, every: float = LOOK_EVERY) -> AbstractContextManager[None]:
    """Look again and again until the end of the block; seconds between two looks."""

    def look(over: threading.Event) -> None:
        while not over.is_set():
            try:
                collector.look()
            except Exception:  # it is asked again, whatever it was
                log.exception("disks")
            over.wait(every)

    return beside("disks", look)

"""The containers of a stack: those of its services end by themselves once these are removed, most of the time."""

from __future__ import annotations

import time
from collections.abc import Collection

from docker import DockerClient

from domain.errors import Conflict
from engines.containers import LabelledContainers
from engines.labels import SERVICE_ID, Label
from engines.swarm_api import SwarmServices
from engines.swarm_spec import DATASTORE_STOP_GRACE

#: Seconds after which a container that still runs, and whose service is removed, is one that swarm forgot to end (see
#: :data:`engines.swarm_ending.AGAIN`): with its service gone, swarm cannot be asked again. More than any of ours may
#: take to end.
FORGOTTEN = DATASTORE_STOP_GRACE + 15.0

#: Seconds in which all must have ended.
PATIENCE = 90.0

POLL = 0.2


class StackContainers:
    """What carries one stack's label; nothing else is touched."""

    def __init__(self, client: DockerClient, stack: str) -> None:
        self._containers = LabelledContainers(client, {Label.STACK: stack})
        self._services = SwarmServices(client)

    def until_ended(self, services: Collection[str] | None = None) -> None:
        """Wait until no container of services that were removed runs: swarm forgets a service before it ends.

        What swarm forgot is removed in the end.

        :param services: their names; all services of the stack if it is not said.
        :raises Conflict: some did not end in time.
        """
        begun = time.monotonic()
        while left := {name for name in self._containers.running_services() if services is None or name in services}:
            waited = time.monotonic() - begun
            if waited > PATIENCE:
                raise Conflict(f"still ending: {', '.join(sorted(left))}\n  next: docker ps")
            if waited > FORGOTTEN:
                self.remove_forgotten()
            time.sleep(POLL)

    def remove_forgotten(self) -> None:
        """Remove what swarm made for services that are gone, without waiting for it to end."""
        self._containers.remove(lambda labels: SERVICE_ID in labels and self._services.find(labels[SERVICE_ID]) is None)

    def remove_without_service(self) -> None:
        """Remove what swarm did not make."""
        self._containers.remove(lambda labels: SERVICE_ID not in labels)

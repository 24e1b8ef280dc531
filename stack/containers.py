"""The containers of a stack: those of its services end by themselves once these are removed, most of the time."""

from __future__ import annotations

import time
from collections.abc import Collection

from docker import DockerClient

from domain.errors import Conflict
from engines.containers import LabelledContainers
from engines.docker_api import own_node
from engines.labels import SERVICE_ID, Label
from engines.swarm_api import SwarmServices
from engines.swarm_spec import DATASTORE_STOP_GRACE
from engines.swarm_tasks import ENDED

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
        self._client = client
        self._labels = {Label.STACK.value: stack}
        self._containers = LabelledContainers(client, self._labels)
        self._services = SwarmServices(client)

    def until_ended(self, services: Collection[str] | None = None) -> None:
        """Wait until no container of services that were removed runs: swarm forgets a service before it ends.

        What swarm forgot is removed in the end.

        :param services: their names; if it is not said all services of the stack, and what swarm was about to start.
        :raises Conflict: some did not end in time.
        """
        begun = time.monotonic()
        while left := self._left(services):
            waited = time.monotonic() - begun
            if waited > PATIENCE:
                raise Conflict(f"still ending: {', '.join(sorted(left))}\n  next: run the command again")
            if waited > FORGOTTEN:
                self.remove_forgotten()
            time.sleep(POLL)

    def _left(self, services: Collection[str] | None) -> set[str]:
        running = self._containers.running_services()
        return (running or self._starting()) if services is None else running.intersection(services)

    def _starting(self) -> set[str]:
        """Tasks of this machine that start before they end: their volumes and networks are made only then."""
        node = own_node(self._client)
        tasks = [each for each in self._services.labelled_tasks(self._labels) if each.get("NodeID", node) == node]
        return {f"task {each['ID']}" for each in tasks if each["Status"]["State"] not in ENDED}

    def remove_forgotten(self) -> None:
        """Remove what swarm made for services that are gone, without waiting for it to end."""
        self._containers.remove(lambda labels: SERVICE_ID in labels and self._services.find(labels[SERVICE_ID]) is None)

    def remove_without_service(self) -> None:
        """Remove what swarm did not make."""
        self._containers.remove(lambda labels: SERVICE_ID not in labels)

"""How services of one task come to an end: the task first, the service last."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from domain.errors import Conflict, NotFound
from engines.swarm_api import Json, SwarmServices

POLL = 0.2

#: Seconds in which a task ends that was asked to: ten to obey, and some for a busy machine.
PATIENCE = 60.0

#: Seconds after which swarm is asked again. It gives up to end a task whose state it is told at that very moment (its
#: log: "failed to update task to REMOVE", "update out of sequence"), and looks again once the service is written.
AGAIN = 10.0


def rest_services(
    services: SwarmServices,
    find: Callable[[], Sequence[Json]],
    wait: Callable[[float], None],
    now: Callable[[], float] = monotonic,
) -> None:
    """Wait until nothing of what services ran is left, on whichever machine; they themselves stay.

    For services whose tasks are never restarted: of others, swarm forgets the tasks while they end.
    Swarm forgets a service at once and its containers in their own time. So who removes them removes them afterwards:
    whoever is killed meanwhile, or has no more patience, leaves services that the next call finds.

    :param find: those that are there still.
    :param wait: sleeps for some seconds, and may raise.
    :param now: seconds, from whenever on.
    :raises Conflict: a task does not end in a minute.
    """
    begun = now()
    again = begun + AGAIN
    while True:
        found = find()
        awake = [service for service in found if service["Spec"]["Mode"]["Replicated"]["Replicas"]]
        if not awake and not any(services.tasks(found).values()):
            return
        if now() > begun + PATIENCE:
            names = ", ".join(str(service["Spec"]["Name"]) for service in found)
            raise Conflict(f"does not end, its container is still there: {names}\n  next: docker service ps {names}")
        due = found if now() > again else awake
        for service in due:
            _put_to_rest(services, service)
        if due:
            again = now() + AGAIN
        wait(POLL)


def remove_services(services: SwarmServices, found: Sequence[Json]) -> None:
    """Remove services, whatever they still run; one that is gone is fine."""
    for service in found:
        with suppress(NotFound):
            services.remove(service["ID"])


def _put_to_rest(services: SwarmServices, service: Json) -> None:
    spec = copy.deepcopy(service["Spec"])
    spec["Mode"]["Replicated"]["Replicas"] = 0
    with suppress(Conflict, NotFound):  # somebody was faster: it is read again
        services.update(service, spec)

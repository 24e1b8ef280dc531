"""How many tasks a swarm service is asked to have, written beside everything else that it is."""

from __future__ import annotations

from docker import DockerClient

from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import Conflict
from domain.identity import ServiceId, canonical_name
from domain.scale import Size
from engines.labels import Label, labels_of
from engines.swarm_api import Json, SwarmServices
from engines.swarm_spec import Placement, service_spec


class SwarmScaler:
    """A :class:`domain.scale.Scaler` for what :class:`engines.swarm.SwarmEngine` deploys.

    The size is the number of tasks and a label of the service, of neither of which its tasks know:
    no task that stays is replaced. It is written with the service's version index as compare-and-swap,
    so that of a deploy and a change of size at once one reads again.
    """

    def __init__(self, client: DockerClient, stack: str) -> None:
        self._services = SwarmServices(client)
        self._stack = stack

    def size(self, environment: Environment, service: ServiceId) -> Size | None:
        """What was asked for; :raises ForeignResource: the service is another stack's."""
        found = self._services.own(self._stack, canonical_name(environment, service))
        return size_of(found) if found else None

    def resize(self, environment: Environment, service: ServiceId, size: Size, number: int) -> None:
        """Write the size. An update that was halted would go on with the write, so that it is refused then."""
        name = canonical_name(environment, service)
        found = self._services.own(self._stack, name)
        if found is None or int(labels_of(found)[Label.NUMBER]) != number:
            raise Conflict(f"{name} is not at release #{number} any more")
        if size_of(found) == size and tasks_wanted(found) == size.replicas:
            return
        status = (found.get("UpdateStatus") or {}).get("State", "completed")
        if status != "completed":
            raise Conflict(f"{name} has an update that is {status}")
        self._services.update(found, sized(found["Spec"], size))


def sized_spec(deployment: Deployment, placement: Placement, size: Size) -> Json:
    """What runs with so many replicas, which are noted on it."""
    return sized(service_spec(deployment, placement), size)


def sized(spec: Json, size: Size) -> Json:
    """A ``ServiceSpec`` with another size; one at rest is woken with it."""
    other = (Label.REPLICAS, Label.OWN_REPLICAS, Label.RESTING)
    labels = {name: value for name, value in spec["Labels"].items() if name not in other}
    labels[Label.REPLICAS] = str(size.replicas)
    if size.own is not None:
        labels[Label.OWN_REPLICAS] = str(size.own)
    return {**spec, "Labels": labels, "Mode": {"Replicated": {"Replicas": size.replicas}}}


def size_of(service: Json) -> Size:
    """What Onward asked for, whatever somebody made of it by hand since."""
    labels = service["Spec"]["Labels"]
    own = labels.get(Label.OWN_REPLICAS)
    return Size(
        replicas=int(labels.get(Label.REPLICAS, tasks_wanted(service))), own=int(own) if own is not None else None
    )


def tasks_wanted(service: Json) -> int:
    """How many tasks swarm is to have up, whoever said so."""
    return int(service["Spec"]["Mode"]["Replicated"]["Replicas"])

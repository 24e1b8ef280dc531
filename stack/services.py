"""What a stack deployed to the swarm: put to rest by ``down``, woken by ``up``, removed by ``--purge``."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from docker import DockerClient

from domain.errors import Conflict, NotFound, OnwardError
from engines.docker_api import address_of, translated
from engines.labels import Label
from engines.swarm_api import Json, SwarmServices
from stack.places import Machine

#: On a service at rest: how many replicas it had.
RESTING = Label.RESTING.value

#: Seconds in which a network must become removable after its last task is gone. Swarm is told of
#: the end of a task by the machine that ran it, which takes its time when many end at once.
NETWORK_PATIENCE = 90.0

#: Swarm gives a container ten seconds after SIGTERM, and some more on a busy machine.
END_PATIENCE = 90.0

#: How often services are gone through, as long as somebody else writes one of them.
ATTEMPTS = 5

Report = Callable[[str], None]


class DeployedServices:
    """Everything in the engine that carries one stack's label; nothing else is touched."""

    def __init__(self, client: DockerClient, stack: str) -> None:
        self._client = client
        self._stack = stack
        self._services = SwarmServices(client)

    def rest(self) -> list[str]:
        """Scale every service to nothing and note on it what it had; the names of those that ran."""
        return self._rewrite(_at_rest)

    def wake(self) -> list[str]:
        """Give every service at rest its replicas back; their names."""
        return self._rewrite(_awake)

    def published_ports(self) -> frozenset[int]:
        """The ports of this machine that the stack's services have."""
        specs = [service["Spec"].get("EndpointSpec", {}) for service in self._labelled()]
        return frozenset(int(port["PublishedPort"]) for spec in specs for port in spec.get("Ports") or ())

    def remove(self) -> None:
        """Remove services, containers, secrets, networks and the datastores' volumes of the stack.

        What is gone already is no fault.

        :raises Conflict: some did not end in time, or a network is still in use.
        """
        names = [str(service["Spec"]["Name"]) for service in self._labelled()]
        for name in names:
            _gone(partial(self._services.remove, name))
        with translated(address_of(self._client)):
            label = f"{Label.STACK}={self._stack}"
            containers = self._client.api.containers(all=True, filters={"label": label})
            secrets = self._client.api.secrets(filters={"label": label})
            networks = self._client.api.networks(filters={"label": label})
            volumes = self._client.api.volumes(filters={"label": label})["Volumes"] or []
        for container in containers:
            if "com.docker.swarm.task" not in container["Labels"]:  # swarm itself ends those
                _gone(partial(self._client.api.remove_container, container["Id"], force=True))
        for secret in secrets:
            _gone(partial(self._client.api.remove_secret, secret["ID"]))
        self.until_ended(names)
        self._remove_volumes([volume["Name"] for volume in volumes])
        self._remove_networks({network["Id"]: network["Name"] for network in networks})

    def _remove_volumes(self, names: Iterable[str]) -> None:
        """A container that has ended holds its volume until it is removed."""
        left, end = set(names), time.monotonic() + END_PATIENCE
        while left := {name for name in left if not _gone(partial(self._client.api.remove_volume, name))}:
            if time.monotonic() > end:
                raise Conflict(f"volumes are still in use: {', '.join(sorted(left))}\n  next: run the command again")
            time.sleep(0.2)

    def until_ended(self, names: Iterable[str]) -> None:
        """Wait until no container of these services is left: swarm forgets a service before it ends.

        :raises Conflict: some did not end in time.
        """
        left, end = set(names), time.monotonic() + END_PATIENCE
        while left := {name for name in left if self._containers(name)}:
            if time.monotonic() > end:
                raise Conflict(f"still ending: {', '.join(sorted(left))}\n  next: docker ps")
            time.sleep(0.2)

    def _containers(self, service: str) -> bool:
        with translated(address_of(self._client)):
            return bool(self._client.api.containers(filters={"label": f"com.docker.swarm.service.name={service}"}))

    def remove_images(self, registry: str) -> None:
        """Remove the images whose names say that they are from the stack's own registry."""
        with translated(address_of(self._client)):
            listed = self._client.api.images()
        for image in listed:
            for name in [*(image["RepoTags"] or []), *(image["RepoDigests"] or [])]:
                if name.startswith(f"{registry}/"):
                    _gone(partial(self._client.api.remove_image, name))

    def _labelled(self) -> list[Json]:
        return self._services.labelled({Label.STACK: self._stack})

    def _rewrite(self, change: Callable[[Json], bool]) -> list[str]:
        """Whoever else writes a service at the same moment – a worker that has just begun – is read again."""
        changed: set[str] = set()
        for _ in range(ATTEMPTS):
            lost = False
            for service in self._labelled():
                spec = copy.deepcopy(service["Spec"])
                if change(spec):
                    try:
                        self._services.update(service, spec)
                    except Conflict:
                        lost = True
                        continue
                    changed.add(str(spec["Name"]))
            if not lost:
                return sorted(changed)
        raise Conflict("services are written by somebody else all the time\n  next: run the command again")

    def _remove_networks(self, names: Mapping[str, str]) -> None:
        left, end = dict(names), time.monotonic() + NETWORK_PATIENCE
        while left:
            reasons = {key: _in_the_way(partial(self._client.api.remove_network, key)) for key in left}
            left = {key: left[key] for key, reason in reasons.items() if reason}
            if left and time.monotonic() > end:
                said = "\n  ".join(f"{name}: {reasons[key]}" for key, name in left.items())
                raise Conflict(f"networks are still in use\n  {said}\n  next: run the command again")
            time.sleep(0.5 if left else 0)


def remove_abandoned(client: DockerClient, machine: Machine, report: Report) -> None:
    """Remove what stacks left whose state directory was deleted: nobody can release to them again,
    and the names they hold cannot be used by another stack.

    Only stacks that this user started on this machine are known here; all others stay.
    """
    for name in machine.abandoned():
        report(f"removing what stack {name} left: its state directory {machine.state_of(name)} is gone")
        DeployedServices(client, name).remove()
        machine.forget(name)


def other_stacks(client: DockerClient, own: str, machine: Machine) -> dict[str, str]:
    """Stack → where its state is, for all other stacks with services in this swarm."""
    with translated(address_of(client)):
        services = client.services.list(filters={"label": Label.STACK})
    names = {str(service.attrs["Spec"]["Labels"][Label.STACK]) for service in services} - {own}
    return {name: _where(machine, name) for name in sorted(names)}


def _where(machine: Machine, name: str) -> str:
    try:
        return str(machine.state_of(name))
    except NotFound:
        return "unknown: another user's, or not of this machine"


def _at_rest(spec: Json) -> bool:
    replicated, labels = spec["Mode"].get("Replicated"), spec["Labels"]
    restarts = spec["TaskTemplate"].get("RestartPolicy", {}).get("Condition", "any") != "none"
    if not restarts:  # it ends by itself, and waking it would begin it anew
        return False
    if replicated is None or RESTING in labels or Label.PART in labels:
        return False
    spec["Labels"][RESTING] = str(replicated["Replicas"])
    replicated["Replicas"] = 0
    return True


def _awake(spec: Json) -> bool:
    replicas = spec["Labels"].pop(RESTING, None)
    if replicas is None:
        return False
    spec["Mode"]["Replicated"]["Replicas"] = int(replicas)
    return True


def _gone(remove: Callable[[], object]) -> bool:
    """Whether the thing is gone now; ``False`` when it is still in use."""
    return not _in_the_way(remove)


def _in_the_way(remove: Callable[[], object]) -> str:
    """What keeps a thing from being removed, in the engine's words; empty when it is gone."""
    try:
        with translated("the Docker Engine"):
            remove()
    except NotFound:
        return ""
    except OnwardError as error:
        return str(error)
    return ""

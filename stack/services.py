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
from engines.swarm_attachments import NOTICED, is_held_for_nobody
from stack.containers import StackContainers
from stack.places import Machine

#: On a service at rest: how many replicas it had.
RESTING = Label.RESTING.value

#: Seconds in which a network must become removable after its last task is gone. Swarm is told of
#: the end of a task by the machine that ran it, which takes its time when many end at once.
NETWORK_PATIENCE = 90.0

#: The same for what a stack left that is no more: nobody is to wait for that.
ABANDONED_PATIENCE = NOTICED

#: Seconds in which a volume must become removable after its last container has ended.
VOLUME_PATIENCE = 90.0

#: How often services are gone through, as long as somebody else writes one of them.
ATTEMPTS = 5

NEXT = "\n  next: "

Report = Callable[[str], None]


class DeployedServices:
    """Everything in the engine that carries one stack's label; nothing else is touched."""

    def __init__(self, client: DockerClient, stack: str) -> None:
        self._client = client
        self._stack = stack
        self._services = SwarmServices(client)
        self.containers = StackContainers(client, stack)

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

    def remove(self, report: Report, network_patience: float = NETWORK_PATIENCE) -> bool:
        """Remove services, containers, secrets, configs, networks and the datastores' volumes of the stack.

        What is gone already is no fault.

        :param network_patience: seconds in which the networks must become removable.
        :return: whether all is gone. Networks that swarm keeps for nobody stay, and are reported.
        :raises Conflict: some did not end in time, or a network is still in use.
        """
        for service in self._labelled():
            _gone(partial(self._services.remove, service["ID"]))
        with translated(address_of(self._client)):
            label = f"{Label.STACK}={self._stack}"
            secrets = self._client.api.secrets(filters={"label": label})
            configs = self._client.configs.list(filters={"label": label})
            volumes = self._client.api.volumes(filters={"label": label})["Volumes"] or []
        self.containers.remove_without_service()
        for secret in secrets:
            _gone(partial(self._client.api.remove_secret, secret["ID"]))
        for config in configs:
            _gone(config.remove)
        self.containers.until_ended()
        self._remove_volumes([volume["Name"] for volume in volumes])
        kept = self._remove_networks({each["Id"]: each["Name"] for each in self._networks()}, network_patience)
        if kept:
            report(f"until the Docker Engine starts anew, swarm keeps for containers that are gone: {', '.join(kept)}")
        return not kept

    def _remove_volumes(self, names: Iterable[str]) -> None:
        """A container that has ended holds its volume until it is removed; so does one that begins only now."""
        left, end = set(names), time.monotonic() + VOLUME_PATIENCE
        while left := {name for name in left if not _gone(partial(self._client.api.remove_volume, name))}:
            if time.monotonic() > end:
                raise Conflict(f"volumes are still in use: {', '.join(sorted(left))}{NEXT}run the command again")
            self.containers.remove_forgotten()
            time.sleep(0.2)

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

    def _networks(self) -> list[Json]:
        with translated(address_of(self._client)):
            return list(self._client.api.networks(filters={"label": f"{Label.STACK}={self._stack}"}))

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

    def _remove_networks(self, names: Mapping[str, str], patience: float) -> list[str]:
        """The machine's own list follows that of the swarm: a network is gone when it is on neither.

        What swarm begins only now, for a service that is gone, would hold its networks for ever.

        :return: the names of those that swarm keeps for nobody.
        """
        left, begun = dict(names), time.monotonic()
        while left:
            self.containers.remove_forgotten()
            reasons = {key: _in_the_way(partial(self._client.api.remove_network, key)) for key in left}
            listed = {network["Id"] for network in self._networks()}
            left = {key: name for key, name in left.items() if reasons[key] or key in listed}
            waited = time.monotonic() - begun
            if left and waited > NOTICED and all(is_held_for_nobody(self._client, key) for key in left):
                break
            if left and waited > patience:
                said = "\n  ".join(f"{name}: {reasons[key] or 'it is listed still'}" for key, name in left.items())
                raise Conflict(f"networks are still in use\n  {said}{NEXT}run the command again")
            time.sleep(0.5 if left else 0)
        return sorted(left.values())


def remove_abandoned(client: DockerClient, machine: Machine, report: Report) -> None:
    """Remove what stacks left whose state directory was deleted: nobody can release to them again,
    and the names they hold cannot be used by another stack.

    Only stacks that this user started on this machine are known here; all others stay. What cannot be removed
    now – an engine may keep a network in use for a task that is long gone – is tried again at the next call, and
    holds up nobody.
    """
    for name in machine.abandoned():
        report(f"removing what stack {name} left: its state directory {machine.state_of(name)} is gone")
        try:
            is_gone = DeployedServices(client, name).remove(report, ABANDONED_PATIENCE)
        except Conflict as error:
            report(f"some of it stays until the next time: {str(error).partition(NEXT)[0]}")
        else:
            if is_gone:
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

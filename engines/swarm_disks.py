"""The disks of datastores: asked of the containers that serve, with ``df``.

Only there a volume is seen as its datastore sees it, whatever driver it has; the engine itself knows what is in a
volume, but not how much would still go in.
"""

from __future__ import annotations

from docker import DockerClient

from domain.disk import DiskUse, disk_use
from domain.environment import Environment
from domain.errors import NotFound, Unreachable
from domain.identity import ServiceId
from domain.service import Kind
from engines.container_command import ContainerCommand
from engines.docker_api import BRISK
from engines.labels import Label, labels_of
from engines.swarm_api import Json, SwarmServices
from engines.swarm_tasks import serving_container


class SwarmDisks:
    """The datastores of one environment whose tasks run on the machine of the engine that is asked."""

    def __init__(self, client: DockerClient, environment: Environment, *, stack: str) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._labels = {
            Label.STACK.value: stack,
            Label.ENVIRONMENT.value: environment.value,
            Label.KIND.value: Kind.DATASTORE.value,
        }

    def datastores(self) -> dict[ServiceId, Json]:
        """Each with its service, as ``GET /services`` tells it; no candidate of a slice."""
        found = [each for each in self._services.labelled(self._labels) if Label.SLICE not in each["Spec"]["Labels"]]
        labels = [labels_of(each) for each in found]
        roles = [ServiceId(application=each[Label.APPLICATION], role=each[Label.ROLE]) for each in labels]
        return dict(zip(roles, found, strict=True))

    def use(self, service: Json) -> DiskUse:
        """What is below its volume.

        :raises NotFound: it does not run at this moment, or its image has no ``df``.
        :raises Unreachable: the file system does not answer within seconds.
        """
        name = service["Spec"]["Name"]
        container = serving_container(self._services.tasks([service])[service["ID"]])
        if container is None:
            raise NotFound(f"{name} does not run")
        mounts = service["Spec"]["TaskTemplate"]["ContainerSpec"].get("Mounts") or []
        path = next((mount["Target"] for mount in mounts if mount.get("Source") == name), None)
        if path is None:
            raise NotFound(f"{name} has no volume {name} any more")
        command = ContainerCommand(self._client, container, ["df", "-kP", path], BRISK)
        try:
            said = b"".join(command.output()).decode(errors="replace")
        finally:
            command.close()
        if command.late:
            raise Unreachable(f"the disk of {name}", path, f"df {command.fault()}")
        use = disk_use(said)
        if use is None:
            raise NotFound(f"{name}: `df -kP {path}` in it says: {said.strip()[-200:]} ({command.fault()})")
        return use

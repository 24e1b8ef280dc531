"""Backups: a datastore's own command, run in the container that serves, its output handed on as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from docker import DockerClient

from domain.backup import Backups, VolumePlace
from domain.data_names import volume_name
from domain.datastore import Backup
from domain.deployment import Deployment
from domain.errors import BackupFailed, NotFound
from domain.progress import Progress
from engines.container_command import ContainerCommand
from engines.docker_api import address_of, translated
from engines.swarm_api import SwarmServices
from engines.swarm_tasks import serving_container


class SwarmBackups(Backups):
    """A :class:`domain.backup.Backups`; the datastore's task runs on the machine of the engine that is asked."""

    def __init__(self, client: DockerClient, *, stack: str) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._stack = stack

    @contextmanager
    def content(self, deployment: Deployment, backup: Backup, progress: Progress) -> Iterator[Iterator[bytes]]:
        """The command's output, in pieces of some kilobytes.

        A cancel, and whoever leaves early, closes the connection: the command then ends at its next write.
        """
        name, container = deployment.name, self._container(deployment)
        try:
            command = ContainerCommand(self._client, container, backup.command, backup.timeout.total_seconds())
        except NotFound as error:
            raise BackupFailed(f"{name} does not run any more: {error}") from error
        try:
            yield _whole(command, name, progress)
        finally:
            command.close()

    def volume_place(self, deployment: Deployment) -> VolumePlace:
        """On the machine of the engine that is asked, as the datastore's task; with others in the swarm maybe there."""
        with suppress(NotFound), translated(address_of(self._client)):
            self._client.volumes.get(volume_name(deployment.environment, deployment.service))
            return VolumePlace.HERE
        with translated(address_of(self._client)):
            is_alone = self._client.info()["Swarm"]["Nodes"] == 1
        return VolumePlace.NOWHERE if is_alone else VolumePlace.ELSEWHERE

    def _container(self, deployment: Deployment) -> str:
        name = deployment.name
        service = self._services.own(self._stack, name)
        if service is None:
            raise BackupFailed(f"{name} is not there")
        container = serving_container(self._services.tasks([service])[service["ID"]])
        if container is None:
            raise BackupFailed(f"{name} does not run")
        return container


def _whole(command: ContainerCommand, name: str, progress: Progress) -> Iterator[bytes]:
    """Raises ``BackupFailed`` at the end of an output that is not a whole one."""
    with progress.closing(command.close):
        yield from command.output()
    progress.wait(0)  # whoever was cancelled hears of that
    if fault := command.fault():
        raise BackupFailed(f"the backup of {name} {fault}")

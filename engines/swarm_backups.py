"""Backups: a datastore's own command, run in the container that serves, its output handed on as it comes.

This is the engine's own ``exec``, of a command that a signed manifest holds; nobody can have another one run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker import DockerClient

from domain.backup import Backups
from domain.datastore import Backup
from domain.deployment import Deployment
from domain.errors import BackupFailed, NotFound
from domain.progress import Progress
from engines.docker_api import address_of, translated
from engines.docker_stream import begin, shut_down
from engines.labels import require_own
from engines.swarm_api import Json, SwarmServices
from engines.swarm_logs import HEADER

#: The number of the stream for errors in a frame's header.
STDERR = 2

#: Bytes of what the command says besides that are kept for the reason.
SAID_LIMIT = 2000

#: Seconds in which the engine knows how a command ended whose output has.
END_PATIENCE = 10.0


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
        container = self._container(deployment)
        with translated(address_of(self._client)):
            created = self._client.api.exec_create(container, list(backup.command), stdout=True, stderr=True)
        command = _Command(self._client, created["Id"], deployment.name, backup, progress)
        try:
            yield command.output()
        finally:
            command.close()

    def _container(self, deployment: Deployment) -> str:
        name = deployment.name
        service = self._services.find(name)
        if service is None:
            raise BackupFailed(f"{name} is not there")
        require_own(
            service["Spec"]["Labels"] or {}, self._stack, f"service {name}", removal=f"docker service rm {name}"
        )
        for task in reversed(self._services.tasks([service])[service["ID"]]):
            container = task["Status"].get("ContainerStatus", {}).get("ContainerID")
            if container and task["DesiredState"] == task["Status"]["State"] == "running":
                return str(container)
        raise BackupFailed(f"{name} does not run")


class _Command:
    """One run of a backup command."""

    def __init__(self, client: DockerClient, exec_id: str, name: str, backup: Backup, progress: Progress) -> None:
        self._client = client
        self._id = exec_id
        self._name = name
        self._timeout = backup.timeout.total_seconds()
        self._progress = progress
        self._said = bytearray()
        self._late = threading.Event()
        try:
            self._response = begin(client, f"/exec/{exec_id}/start", {"Detach": False, "Tty": False})
        except NotFound as error:
            raise BackupFailed(f"{name} does not run any more: {error}") from error
        self._timer = threading.Timer(self._timeout, self._give_up)
        self._timer.daemon = True

    def output(self) -> Iterator[bytes]:
        """Raises ``BackupFailed`` at the end of an output that is not a whole one."""
        self._timer.start()
        with self._progress.closing(self.close), translated(address_of(self._client)):
            broken = False
            for stream, length, payload in _frames(self._response):
                broken = len(payload) < length
                if stream == STDERR:
                    self._said = (self._said + payload)[-SAID_LIMIT:]
                elif payload:
                    yield payload
        self._progress.wait(0)  # whoever was cancelled hears of that
        if self._late.is_set():
            raise BackupFailed(f"the backup of {self._name} did not end in {self._timeout:.0f} s{self._words}")
        code = self._exit_code()
        if code != 0 or broken:
            how = f"ended with exit code {code}" if code else "broke off"
            raise BackupFailed(f"the backup of {self._name} {how}{self._words}")

    def close(self) -> None:
        """Hang up; a second time does nothing."""
        self._timer.cancel()
        shut_down(self._response)

    def _give_up(self) -> None:
        self._late.set()
        shut_down(self._response)

    def _exit_code(self) -> int | None:
        end = time.monotonic() + END_PATIENCE
        while True:
            with translated(address_of(self._client)):
                inspected: Json = self._client.api.exec_inspect(self._id)
            if not inspected["Running"]:
                return inspected["ExitCode"]  # type: ignore[no-any-return]
            if time.monotonic() > end:
                return None
            time.sleep(0.1)

    @property
    def _words(self) -> str:
        said = bytes(self._said).decode(errors="replace").strip()
        return f": {said}" if said else ", and said nothing"


def _frames(response: requests.Response) -> Iterator[tuple[int, int, bytes]]:
    """Stream, length and payload of each frame; of one that broke off the payload is shorter."""
    while len(header := response.raw.read(HEADER.size)) == HEADER.size:
        stream, length = HEADER.unpack(header)
        yield stream, length, response.raw.read(length)

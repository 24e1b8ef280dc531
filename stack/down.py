"""``onward down``: the stack comes to rest and keeps its data – or, with ``purge``, is no more."""

from __future__ import annotations

import tempfile
from contextlib import closing, nullcontext, suppress
from pathlib import Path

from docker import DockerClient

from domain.errors import Unreachable
from engines.docker_api import connect
from settings import StackSettings
from stack import ports
from stack.assembly import WORKERS
from stack.edges import remove_edges
from stack.engine import Report, stop_engine
from stack.places import Machine, StateDirectory, locked
from stack.servers import registry_host
from stack.services import DeployedServices
from stack.supervision import Supervisor


def down(settings: StackSettings, purge: bool, report: Report, *, engine: bool = False) -> None:
    """Stop what this stack started. Whatever part of it is gone already is passed over.

    Deployed services are scaled to nothing and get their replicas back at the next ``up``.

    :param purge: remove them instead, with their networks and images, and delete the state directory.
    :param engine: also stop the Docker Engine, if Onward started it.
    """
    directory, machine = StateDirectory(settings), Machine(settings)
    client = _engine(settings, report)
    with closing(client) if client else nullcontext():
        edges = remove_edges(settings, client) if client else []
        if directory.root.is_dir():
            with locked(directory.root):
                Supervisor(directory).stop(first=WORKERS)
                _remove_sockets(ports.remembered(directory.ports))
        is_gone = client is not None and _withdraw(settings, client, edges, purge, report)
    if purge:
        if is_gone:  # else the next up tries again
            machine.forget(settings.name)
        directory.delete()
    if engine:
        stop_engine(machine, report)


def _engine(settings: StackSettings, report: Report) -> DockerClient | None:
    try:
        return connect(settings.docker_host)
    except Unreachable as error:
        report(f"{error}: what this stack deployed stays there as it is")
        return None


def _withdraw(settings: StackSettings, client: DockerClient, edges: list[str], purge: bool, report: Report) -> bool:
    """Whether nothing of the stack is left on the engine."""
    services, is_gone = DeployedServices(client, settings.name), False
    if purge:
        is_gone = services.remove(report)
        services.remove_images(registry_host(settings))
    elif rested := services.rest():
        report(f"at rest until the next up: {', '.join(rested)}")
    services.containers.until_ended(edges)
    return is_gone


def _remove_sockets(numbers: frozenset[int]) -> None:
    """SeaweedFS leaves the sockets that its own parts talk through; their place is fixed."""
    for number in numbers:
        for leftover in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-{number}.sock"):
            with suppress(FileNotFoundError, PermissionError):  # gone, or another user's
                leftover.unlink()

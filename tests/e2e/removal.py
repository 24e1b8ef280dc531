"""What an application of a test leaves on the engine goes when the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from docker import DockerClient

from domain import identity
from domain.environment import ENVIRONMENTS
from domain.errors import Conflict, InvalidInput, NotFound, Unreachable
from engines import swarm_ending
from engines.docker_api import address_of, connect, translated
from engines.labels import Label
from engines.swarm_api import SwarmServices
from engines.swarm_networks import network_id
from settings import StackSettings
from stack.containers import StackContainers
from tests.e2e.disturbance import until


@contextmanager
def removed_afterwards(settings: StackSettings, application: str) -> Iterator[None]:
    """What a stack runs of an application goes with the block, however that ends.

    Its networks, too: each look of an edge at its swarm is at all of them, and they would be hundreds in the end.
    """
    try:
        yield
    finally:
        with closing(connect(settings.docker_host)) as engine:
            _remove(engine, settings.name, application)


def _remove(engine: DockerClient, stack: str, application: str) -> None:
    services = SwarmServices(engine)
    ours = {Label.APPLICATION.value: application, Label.STACK.value: stack}
    found = services.labelled(ours)
    swarm_ending.remove_services(services, found)
    StackContainers(engine, stack).until_ended([service["Spec"]["Name"] for service in found])
    for environment in ENVIRONMENTS:
        for name in (
            identity.application_network(environment, application),
            identity.data_network(environment, application),
        ):
            until(lambda name=name: _is_gone(engine, name, stack))  # type: ignore[misc]


def _is_gone(engine: DockerClient, network: str, stack: str) -> bool:
    """Swarm lets go of a network some seconds after the last container on it."""
    found = network_id(engine, network, stack)
    if found is not None:
        with suppress(NotFound, Conflict, InvalidInput, Unreachable), translated(address_of(engine)):
            engine.api.remove_network(found)
    return found is None

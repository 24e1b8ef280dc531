"""What there is of slices on the engine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from docker import DockerClient

from domain.errors import NotFound
from engines.labels import Label
from engines.swarm_api import SwarmServices
from tests.e2e.application import Application


def remove_services(engine: DockerClient, labels: Mapping[str, str]) -> None:
    """Remove all services with some labels; those of a slice may be going by themselves."""
    services = SwarmServices(engine)
    for service in services.labelled(labels):
        with suppress(NotFound):
            services.remove(service["Spec"]["Name"])


def slices_of(engine: DockerClient, application: Application) -> list[str]:
    """The names of all services, networks and suites of an application's slices."""
    services = SwarmServices(engine).labelled({Label.APPLICATION: application.name})
    ours: dict[str, str | list[str] | bool] = {"label": [Label.SLICE.value, f"{Label.APPLICATION}={application.name}"]}
    return [
        *(service["Spec"]["Name"] for service in services if Label.SLICE in service["Spec"]["Labels"]),
        *(str(network.name) for network in engine.networks.list(filters=ours)),
        *(str(suite.name) for suite in engine.containers.list(all=True, filters=ours, ignore_removed=True)),
    ]

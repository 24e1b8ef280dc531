"""What there is of slices on the engine."""

from __future__ import annotations

from docker import DockerClient

from engines.labels import Label
from engines.swarm_api import SwarmServices
from tests.e2e.application import Application


def slices_of(engine: DockerClient, application: Application) -> list[str]:
    """The names of all services, networks and suites of an application's slices."""
    services = SwarmServices(engine).labelled({Label.APPLICATION: application.name})
    ours: dict[str, str | list[str] | bool] = {"label": [Label.SLICE.value, f"{Label.APPLICATION}={application.name}"]}
    return [
        *(service["Spec"]["Name"] for service in services if Label.SLICE in service["Spec"]["Labels"]),
        *(str(network.name) for network in engine.networks.list(filters=ours)),
        *(str(suite.name) for suite in engine.containers.list(all=True, filters=ours, ignore_removed=True)),
    ]

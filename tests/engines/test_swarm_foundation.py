"""What a swarm needs below its services: made once, and an edge that differs is brought up to date."""

from __future__ import annotations

from dataclasses import replace

import pytest
from docker import DockerClient

from domain.environment import Environment
from domain.errors import ForeignResource
from domain.identity import edge_bucket
from engines.edge import EdgeRun
from engines.site_routes import SiteRoutes
from engines.swarm_foundation import SwarmFoundation
from tests.engines.sites import Sites
from tests.free_ports import free_ports

pytestmark = pytest.mark.server


def _state(foundation: SwarmFoundation, *networks: str) -> list[tuple[str, str]]:
    return [(part.kind, part.present.value) for part in foundation.parts(Environment.CI, networks)]


def test_it_is_laid_once_and_an_edge_that_differs_is_seen(
    docker_client: DockerClient, stack: str, edge_image: str, sites: Sites
) -> None:
    ports = free_ports(2, "0.0.0.0")  # noqa: S104 – where swarm publishes
    routes = SiteRoutes(sites.buckets(edge_bucket(stack, Environment.CI)), stack)
    run = EdgeRun(edge_image, ports[0], ports[1])
    foundation = SwarmFoundation(docker_client, stack, run, routes)
    network = f"ci-{sites.application}"
    assert {state for _, state in _state(foundation, network)} == {"missing"}

    foundation.lay(Environment.CI, [network])
    foundation.lay(Environment.CI, [network])

    kinds = ["network", "network", "site routes", "edge"]
    assert _state(foundation, network) == [(kind, "there") for kind in kinds]
    other = SwarmFoundation(docker_client, stack, replace(run, image=f"{edge_image}0"), routes)
    assert _state(other, network)[-1] == ("edge", "other")
    without = SwarmFoundation(docker_client, stack, None, routes)
    assert _state(without, network) == [(kind, "there") for kind in kinds[:-1]]
    with pytest.raises(ForeignResource, match=f"network {network} belongs to another stack"):
        SwarmFoundation(docker_client, "other", None, routes).parts(Environment.CI, [network])

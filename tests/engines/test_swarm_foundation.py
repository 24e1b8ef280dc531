"""What a swarm needs below its services: made once, and an edge that differs is brought up to date."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from docker import DockerClient

from domain.environment import Environment
from domain.errors import DeployHalted, ForeignResource
from domain.identity import edge_bucket, edge_name
from domain.scrape_targets import target_groups
from engines import edge
from engines.edge import EdgeRun
from engines.prometheus_targets import PrometheusTargets
from engines.site_routes import SiteRoutes
from engines.swarm_foundation import SwarmFoundation
from tests.engines.conftest import wait_for
from tests.engines.edges import answers
from tests.engines.sites import Sites
from tests.fakes.foundation import MemoryBucket
from tests.fakes.progress import SilentProgress
from tests.free_ports import LOOPBACK, free_ports

pytestmark = pytest.mark.server


def _state(foundation: SwarmFoundation, *networks: str) -> list[tuple[str, str]]:
    return [(part.kind, part.present.value) for part in foundation.parts(Environment.CI, networks)]


def test_it_is_laid_once_and_an_edge_that_differs_is_seen(
    docker_client: DockerClient, stack: str, edge_image: str, sites: Sites, tmp_path: Path
) -> None:
    ports = free_ports(2, "0.0.0.0")  # noqa: S104 – where swarm publishes
    routes = SiteRoutes(sites.buckets(edge_bucket(stack, Environment.CI)), stack)
    run = EdgeRun(edge_image, ports[0], ports[1])
    backups = MemoryBucket("backups-ci")
    groups = target_groups(Environment.CI, workers=["a:1"], replicas=["b:2"], edges=["c:3"])
    targets = PrometheusTargets(tmp_path / "rules", Environment.CI, groups)
    foundation = SwarmFoundation(docker_client, stack, run, routes, backups, targets)
    network = f"ci-{sites.application}"
    assert {state for _, state in _state(foundation, network)} == {"missing"}

    foundation.lay(Environment.CI, [network], SilentProgress())
    foundation.lay(Environment.CI, [network], SilentProgress())

    assert backups.made == 1
    kinds = ["network", "network", "site routes", "backups", "edge", "Prometheus targets"]
    assert _state(foundation, network) == [(kind, "there") for kind in kinds]
    other = SwarmFoundation(docker_client, stack, replace(run, image=f"{edge_image}0"), routes, backups)
    assert _state(other, network)[-1] == ("edge", "other")
    more = SwarmFoundation(
        docker_client, stack, run, routes, backups, PrometheusTargets(tmp_path / "rules", Environment.CI, groups[:2])
    )
    assert _state(more, network)[-1] == ("Prometheus targets", "other")
    without = SwarmFoundation(docker_client, stack, None, routes)
    assert _state(without, network) == [(kind, "there") for kind in kinds[:3]]
    with pytest.raises(ForeignResource, match=f"network {network} belongs to another stack"):
        SwarmFoundation(docker_client, "other", None, routes).parts(Environment.CI, [network])


def test_an_edge_that_somebody_changed_is_seen_and_put_right(
    docker_client: DockerClient, stack: str, edge_image: str, sites: Sites
) -> None:
    ports = free_ports(2, "0.0.0.0")  # noqa: S104 – where swarm publishes
    routes = SiteRoutes(sites.buckets(edge_bucket(stack, Environment.CI)), stack)
    foundation = SwarmFoundation(docker_client, stack, EdgeRun(edge_image, ports[0], ports[1]), routes)
    foundation.lay(Environment.CI, [], SilentProgress())
    name = edge_name(stack, Environment.CI)
    for words in (["scale", f"{name}=0"], ["update", "--env-add", "A=b", name]):
        _by_hand(*words)
        assert _state(foundation)[-1] == ("edge", "other"), words
        foundation.lay(Environment.CI, [], SilentProgress())
        assert _state(foundation)[-1] == ("edge", "there"), words

    other = free_ports(2, "0.0.0.0")  # noqa: S104 – where swarm publishes
    moved = SwarmFoundation(docker_client, stack, EdgeRun(edge_image, other[0], other[1]), routes)
    assert _state(moved)[-1] == ("edge", "other")
    moved.lay(Environment.CI, [], SilentProgress())
    assert not answers(f"http://{LOOPBACK}:{ports[1]}/ping"), "what is up is the new one"
    wait_for(lambda: answers(f"http://{LOOPBACK}:{other[1]}/ping"))


def test_an_edge_that_does_not_come_up_is_said(
    docker_client: DockerClient, stack: str, sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "PATIENCE", 5.0)
    routes = SiteRoutes(sites.buckets(edge_bucket(stack, Environment.CI)), stack)
    ports = free_ports(2, "0.0.0.0")  # noqa: S104 – where swarm publishes
    run = EdgeRun("onward.invalid/none:1", ports[0], ports[1])
    foundation = SwarmFoundation(docker_client, stack, run, routes)
    with pytest.raises(DeployHalted, match=r"-ci-traefik is not up: .*[nN]o such image"):
        foundation.lay(Environment.CI, [], SilentProgress())
    assert _state(foundation)[-1] == ("edge", "other")


def _by_hand(*words: str) -> None:
    subprocess.run(["docker", "service", words[0], "--detach", *words[1:]], check=True, capture_output=True, timeout=60)

"""The edge: Traefik in a swarm, leading to services and to sites."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from docker import DockerClient

from domain.artifact import Artifact
from domain.environment import Environment
from domain.errors import DeployHalted
from domain.identity import edge_name
from engines.edge import EdgeProxy, EdgeRun
from engines.edge_routes import ATTEMPTS
from tests.engines.conftest import Environments, wait_for
from tests.engines.edges import Edge, answers
from tests.engines.images import Images
from tests.free_ports import free_ports

#: Reads a whole request, says so, and dies without an answer.
DIES = """\
read -r method path version
length=0
while read -r name value && [ "$name" != "$(printf '\\r')" ]; do :; done
echo "read $method $path" >/proc/1/fd/2
"""
ONE_WITHOUT_CHECK = {"ingress": {"path": "/web"}, "health": {"command": ["true"], "interval": "1s"}}
TWO = {"scale": {"ci": {"min": 2, "max": 3}, "prod": {}}, "ingress": {"path": "/web"}}


@contextmanager
def constant_requests(url: str) -> Iterator[Counter[str]]:
    """Four clients that ask again and again; counts what they got."""
    seen: Counter[str] = Counter()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answer = requests.get(url, timeout=10)
                seen[answer.text if answer.ok else str(answer.status_code)] += 1
            except requests.RequestException as error:
                seen[type(error).__name__] += 1
            time.sleep(0.01)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        yield seen
    finally:
        stop.set()
        for client in clients:
            client.join()


@pytest.mark.server
def test_an_update_loses_no_request(edge: Edge, environment: Environments, first: Artifact, second: Artifact) -> None:
    environment.arrive(environment.deployment(1, first, **TWO))
    wait_for(lambda: edge.text("/web/") == "first")
    with constant_requests(f"{edge.url}/web/") as seen:
        environment.arrive(environment.deployment(2, second, **TWO))
        wait_for(lambda: seen["second"] > 100)
        time.sleep(2)
    assert set(seen) == {"first", "second"}, seen
    assert edge.text("/web/") == "second"
    metrics = requests.get(f"{edge.metrics_url}/metrics", timeout=10).text
    service = f"ci-{environment.application}-web@swarm"
    assert f'traefik_service_requests_total{{code="200",method="GET",protocol="http",service="{service}"}}' in metrics


@pytest.mark.server
def test_a_halted_update_loses_no_request(
    edge: Edge, environment: Environments, first: Artifact, broken: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first, **TWO))
    wait_for(lambda: edge.text("/web/") == "first")
    with constant_requests(f"{edge.url}/web/") as seen:
        with pytest.raises(DeployHalted):
            environment.arrive(environment.deployment(2, broken, **TWO))
        time.sleep(3)
    assert set(seen) == {"first"}, seen


@pytest.mark.server
def test_only_what_changes_nothing_is_sent_again_when_its_server_dies_over_it(
    edge: Edge, environment: Environments, images: Images
) -> None:
    deployment = environment.deployment(
        1, images.pushed("exec nc -ll -p 8080 -e sh /dies", {"dies": DIES}), **ONE_WITHOUT_CHECK
    )
    environment.arrive(deployment)
    wait_for(lambda: edge.text("/web/") != "404")

    answers = [requests.request(method, f"{edge.url}/web/order", data="x", timeout=10) for method in ("POST", "PUT")]

    assert {answer.status_code for answer in answers} == {502}

    def read(method: str) -> int:
        return environment.engine.logs(Environment.CI, deployment.service, 100).count(f"read {method} /web/order")

    wait_for(lambda: read("PUT") >= ATTEMPTS)  # what a task printed is there a moment later
    time.sleep(1)
    assert (read("POST"), read("PUT")) == (1, ATTEMPTS)


@pytest.mark.server
def test_a_task_that_stands_still_gets_no_requests(
    edge: Edge, environment: Environments, docker_client: DockerClient, first: Artifact
) -> None:
    slow_to_notice = {"health": {"interval": "30s", "retries": 9, "start": "2s"}}
    deployment = environment.deployment(1, first, **TWO, **slow_to_notice)
    environment.arrive(deployment)
    wait_for(lambda: edge.text("/web/") == "first")
    still = docker_client.containers.list(filters={"label": f"com.docker.swarm.service.name={deployment.name}"})[0]

    still.pause()
    try:
        wait_for(lambda: all(answers(f"{edge.url}/web/") for _ in range(20)))
        assert environment.observe(deployment).healthy == 2, "swarm has not noticed"
    finally:
        still.unpause()


@pytest.mark.server
def test_each_request_is_a_line_of_json_with_the_canonical_name(
    edge: Edge, environment: Environments, docker_client: DockerClient, stack: str, first: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first, **TWO))
    wait_for(lambda: edge.text("/web/") == "first")
    requests.get(f"{edge.url}/web/nothing", timeout=10)

    def logged() -> list[dict[str, Any]]:
        (service,) = docker_client.services.list(filters={"name": edge_name(stack, Environment.CI)})
        lines = b"".join(service.logs(stdout=True)).decode().splitlines()
        return [each for each in map(json.loads, lines) if each.get("RequestPath") == "/web/nothing"]

    (line,) = wait_for(logged)
    assert (line["ServiceName"], line["RouterName"]) == (f"ci-{environment.application}-web@swarm",) * 2
    assert (line["RequestMethod"], line["DownstreamStatus"]) == ("GET", 404)


@pytest.mark.server
def test_an_unchanged_edge_is_not_touched(docker_client: DockerClient, stack: str, edge_image: str) -> None:
    ports = free_ports(2, "0.0.0.0")  # noqa: S104
    proxy = EdgeProxy(docker_client, stack)
    versions = []
    for sites in (None, None, "http://sites.test/routes.json"):
        proxy.ensure(Environment.CI, EdgeRun(edge_image, ports[0], ports[1], sites))
        inspected = docker_client.api.inspect_service(edge_name(stack, Environment.CI))  # type: ignore[no-untyped-call]
        versions.append(inspected["Spec"]["Labels"]["onward.part"])
    assert versions[0] == versions[1] != versions[2]
    proxy.remove(Environment.CI)
    proxy.remove(Environment.CI)
    assert docker_client.services.list(filters={"name": edge_name(stack, Environment.CI)}) == []

"""For whose tasks an edge asks the engine at each of its looks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.environment import Environment
from domain.identity import edge_name
from engines.docker_api import connect
from engines.edge import edge_arguments
from engines.swarm_api import SwarmServices
from tests.engines.conftest import Environments, wait_for
from tests.engines.edges import Edge
from tests.fakes.progress import SilentProgress
from tests.free_ports import free_ports
from tests.http_server import serving

ENGINE = "unix:///var/run/docker.sock"


class Overheard(BaseHTTPRequestHandler):
    """Hands each question on to the engine, and notes whose tasks it is about."""

    def __init__(self, asked: list[str], *arguments: object) -> None:
        self.asked = asked
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        filters = parse_qs(urlsplit(self.path).query).get("filters", ["{}"])[0]
        self.asked += json.loads(filters).get("service", {})
        with closing(connect(ENGINE)) as engine:
            answer = engine.api.get(f"{engine.api.base_url}{self.path}")
        with suppress(ConnectionError):  # the edge has ended
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Api-Version"):
                self.send_header(name, answer.headers.get(name, ""))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content if self.command == "GET" else b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def edge_that_looks(stack: str) -> Iterator[list[str]]:
    """The services for whose tasks an edge of ci, whose questions are overheard, has asked so far, by ID."""
    asked: list[str] = []
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), partial(Overheard, asked))) as address:
        web, metrics = free_ports(2)
        own = [
            f"--entryPoints.web.address=127.0.0.1:{web}",
            f"--entryPoints.metrics.address=127.0.0.1:{metrics}",
            f"--providers.swarm.endpoint={address.replace('http:', 'tcp:')}",
        ]
        names = {word.partition("=")[0] for word in own}
        usual = [word for word in edge_arguments(stack, Environment.CI, None) if word.partition("=")[0] not in names]
        edge = subprocess.Popen([str(Path(sys.executable).parent / "traefik"), *usual, *own])
        try:
            yield asked
        finally:
            edge.kill()
            edge.wait()


@pytest.mark.server
def test_an_edge_looks_at_no_task_of_what_has_no_route(
    edge: Edge, environment: Environments, docker_client: DockerClient, first: Artifact
) -> None:
    routed = environment.deployment(1, first, ingress={"path": "/web"})
    unrouted = environment.deployment(1, first, role="db")
    for deployment in (routed, unrouted):
        environment.engine.deploy(deployment, SilentProgress())
    names = (routed.name, unrouted.name, edge_name(environment.stack, Environment.CI))
    of_routed, *of_others = [(SwarmServices(docker_client).find(name) or {})["ID"] for name in names]

    with edge_that_looks(environment.stack) as asked:
        wait_for(lambda: asked.count(of_routed) > 1)

    assert not set(of_others) & set(asked)

"""A Docker Engine with a registry and an S3; every test has a stack of its own, removed afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from docker import DockerClient
from docker.errors import APIError, ImageNotFound

from domain.artifact import Artifact
from domain.deployment import Deployment, ServiceState, settled
from domain.environment import Environment
from domain.service import ServiceDefinition
from engines.builder import DockerBuilder
from engines.docker_api import connect
from engines.edge import EdgeProxy, EdgeRun
from engines.edge_image import build_edge_image
from engines.swarm import SwarmEngine
from stack.engine import bridge_gateway
from stack.services import DeployedServices
from stores.s3 import S3ObjectStore
from stores.s3_site import S3SiteBucket
from tests.domain.builders import COMMIT, POINTER
from tests.engines.edges import Edge, answers
from tests.engines.images import Images
from tests.engines.sites import Sites
from tests.fakes.progress import SilentProgress
from tests.free_ports import LOOPBACK, free_ports
from tests.servers import RegistryServer, S3Server, registry_server, s3_server

T = TypeVar("T")


@pytest.fixture(scope="session")
def docker_client() -> Iterator[DockerClient]:
    client = connect("unix:///var/run/docker.sock")
    yield client
    client.close()


@pytest.fixture(scope="session")
def registry() -> Iterator[RegistryServer]:
    with registry_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3(docker_client: DockerClient) -> Iterator[S3Server]:
    """Where containers reach it too: the edge reads sites from it."""
    with s3_server(bridge_gateway(docker_client)) as server:
        yield server


@pytest.fixture(scope="session")
def edge_image(docker_client: DockerClient) -> str:
    return build_edge_image(docker_client, Path(sys.executable).parent / "traefik")


@pytest.fixture(scope="session")
def images(docker_client: DockerClient, registry: RegistryServer) -> Iterator[Images]:
    made = Images(docker_client, registry.host)
    yield made
    for image in made.made:
        wait_for(partial(_removed, docker_client, image))


@pytest.fixture(scope="session")
def first(images: Images) -> Artifact:
    return images.page("first")


@pytest.fixture(scope="session")
def second(images: Images) -> Artifact:
    return images.page("second")


@pytest.fixture(scope="session")
def broken(images: Images) -> Artifact:
    """It ends at once."""
    return images.pushed("echo no database; exit 3", {})


@pytest.fixture
def stack(docker_client: DockerClient) -> Iterator[str]:
    name = f"t{uuid4().hex[:8]}"
    yield name
    DeployedServices(docker_client, name).remove(print)


@dataclass(frozen=True)
class Environments:
    """One engine of one stack, and an application that nobody else has."""

    engine: SwarmEngine
    stack: str
    application: str

    def deployment(self, number: int, artifact: Artifact, **definition: Any) -> Deployment:
        """A release of ``<application>-web`` in ci; keywords go into its definition."""
        values = {"application": self.application, "role": "web", "owner": "team", **definition}
        values.setdefault("health", {"start": "2s", "interval": "1s", "retries": 1})
        return Deployment(
            environment=Environment.CI,
            definition=ServiceDefinition.model_validate(values),
            artifact=artifact,
            number=number,
            release=f"release:{self.application}-web:{COMMIT[:12]}",
            commit=COMMIT,
            manifest=POINTER,
        )

    def job(self, number: int, artifact: Artifact, **definition: Any) -> Deployment:
        """A release of a batch job in ci."""
        return self.deployment(number, artifact, kind="batch", health={}, **definition)

    def observe(self, deployment: Deployment) -> ServiceState:
        state = self.engine.observe(deployment.environment, deployment.service)
        assert state is not None
        return state

    def arrive(self, deployment: Deployment) -> ServiceState:
        """Deploy, and wait as the deploy activity does."""
        self.engine.deploy(deployment, SilentProgress())
        wait_for(lambda: self._has_arrived(deployment))
        return self.observe(deployment)

    def _has_arrived(self, deployment: Deployment) -> bool:
        self.engine.keep_serving(deployment)
        return settled(self.observe(deployment), deployment)


@pytest.fixture
def environment(docker_client: DockerClient, stack: str) -> Environments:
    engine = SwarmEngine(docker_client, stack=stack, endpoint_mode="dnsrr")
    return Environments(engine, stack, f"t{uuid4().hex[:8]}")


@pytest.fixture
def sites(s3: S3Server, stack: str, tmp_path: Path) -> Sites:
    keys: dict[str, Any] = {"access_key": s3.access_key, "secret_key": s3.secret_key, "region": s3.region}
    bundles = S3ObjectStore(endpoint=s3.endpoint, bucket=stack, **keys)
    bundles.ensure_bucket()
    return Sites(
        bundles=bundles,
        buckets=lambda bucket: S3SiteBucket(endpoint=s3.endpoint, bucket=bucket, **keys),
        stack=stack,
        application=f"t{uuid4().hex[:8]}",
        scratch=tmp_path,
    )


def wait_for(look: Callable[[], T], seconds: float = 90) -> T:
    """The first thing seen that is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not seen in {seconds} s"
        time.sleep(0.1)
    return found


def _removed(client: DockerClient, image: str) -> bool:
    """A removed service's containers get some seconds to end."""
    try:
        client.images.remove(image, force=True)
    except ImageNotFound:  # an image takes the untagged ones below it along
        return True
    except APIError as error:
        if error.status_code != 409:
            raise
        return False
    return True


@pytest.fixture(scope="session")
def base(images: Images, docker_client: DockerClient) -> Iterator[Artifact]:
    image = images.pushed("true", {})
    yield image
    wait_for(partial(_are_removed, docker_client, str(docker_client.images.get(image.uri).id)))


def _are_removed(client: DockerClient, ancestor: str) -> bool:
    """Whether nothing is built on an image any more; a build that was given up may still end a step."""
    return all(_removed(client, descendant) for descendant in _descendants(client, ancestor))


def _descendants(client: DockerClient, image: str) -> list[str]:
    """What was built on an image, the last layer first: the engine keeps each step as a cache."""
    children = [each["Id"] for each in client.api.images(all=True) if each["ParentId"] == image]
    return [last for child in children for last in (*_descendants(client, child), child)]


@pytest.fixture
def builder(docker_client: DockerClient) -> DockerBuilder:
    return DockerBuilder(docker_client)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    directory.mkdir()
    return directory


@pytest.fixture
def repository(docker_client: DockerClient, registry: RegistryServer) -> Iterator[str]:
    name = f"{registry.host}/t{uuid4().hex[:8]}/cart"
    yield name
    for image in docker_client.images.list(name=name):
        docker_client.images.remove(str(image.id), force=True)


@pytest.fixture
def edge(docker_client: DockerClient, stack: str, edge_image: str, sites: Sites) -> Edge:
    port, metrics_port = free_ports(2, "0.0.0.0")  # noqa: S104 – where swarm publishes
    proxy = EdgeProxy(docker_client, stack)
    proxy.ensure(Environment.CI, EdgeRun(edge_image, port, metrics_port, sites.ensure_routes()))
    made = Edge(f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{metrics_port}")
    wait_for(lambda: answers(f"{made.metrics_url}/ping"))
    return made

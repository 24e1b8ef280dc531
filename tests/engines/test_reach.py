"""How services find queues and buckets, on a real swarm: in their environment, and in slices apart from it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.environment import Environment
from domain.errors import InvalidInput
from domain.resource_names import access_secret, resource_name
from domain.resource_store import Mark
from domain.resources import Bucket, Queue
from domain.slices import SliceOwner
from engines.aws import Access
from engines.labels import Label
from engines.reach import Reach
from engines.s3_buckets import S3Buckets
from engines.slice_resources import SliceResources
from engines.slice_sites import SliceSites
from engines.slices import SwarmSlices
from engines.sqs_queues import SqsQueues
from engines.swarm import SwarmEngine
from engines.swarm_api import SwarmServices
from stack.engine import bridge_gateway
from tests.engines.conftest import Environments
from tests.engines.sites import Sites
from tests.fakes.progress import SilentProgress
from tests.servers import S3Server, sqs_server

pytestmark = pytest.mark.server

WRITES = {"writes": {"queues": [{"name": "orders", "dead_letter": {"after": 2}}], "buckets": ["receipts"]}}


@pytest.fixture(scope="module")
def reach(docker_client: DockerClient, s3: S3Server) -> Iterator[Reach]:
    """Both servers, where containers reach them."""
    access = Access(s3.endpoint, s3.access_key, s3.secret_key, s3.region)
    with sqs_server(bridge_gateway(docker_client)) as endpoint:
        queues = SqsQueues(Access(endpoint, s3.access_key, s3.secret_key, s3.region))
        yield Reach(queues, S3Buckets(access), endpoint, s3.endpoint, s3.region)


def variables(client: DockerClient, name: str) -> dict[str, str]:
    """What the tasks of a service are told."""
    service = SwarmServices(client).find(name)
    assert service is not None
    told = service["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"]
    return dict(each.split("=", 1) for each in told)


def test_a_service_is_told_where_its_queues_and_buckets_are_and_gets_the_environments_key(
    docker_client: DockerClient, environment: Environments, first: Artifact, reach: Reach
) -> None:
    engine = SwarmEngine(docker_client, stack=environment.stack, endpoint_mode="dnsrr", reach=reach)
    deployment = environment.deployment(1, first, writes={"queues": ["orders"]}, reads={"buckets": ["receipts"]})
    with pytest.raises(InvalidInput, match=f"there is no queue {deployment.environment}-{environment.application}"):
        engine.deploy(deployment, SilentProgress())
    names = {each: resource_name(Environment.CI, environment.application, each) for each in ("orders", "receipts")}
    mark = Mark(
        stack=environment.stack, environment=Environment.CI, owner=deployment.service, number=1, release="release:1"
    )
    reach.queues.ensure(names["orders"], Queue(name="orders"), mark)
    reach.buckets.ensure(names["receipts"], Bucket(name="receipts"), mark)
    secret = access_secret(environment.stack, Environment.CI)
    docker_client.api.create_secret(secret, b"[default]\n", labels={Label.STACK.value: environment.stack})

    engine.deploy(deployment, SilentProgress())

    told = variables(docker_client, deployment.name)
    assert told["ONWARD_QUEUE_ORDERS"] == reach.queues.address(names["orders"])
    assert told["ONWARD_BUCKET_RECEIPTS"] == f"{reach.s3_endpoint}/{names['receipts']}"
    assert (told["AWS_ENDPOINT_URL_SQS"], told["AWS_ENDPOINT_URL_S3"]) == (reach.sqs_endpoint, reach.s3_endpoint)
    assert told["AWS_SHARED_CREDENTIALS_FILE"] == "/run/secrets/aws-credentials"
    service = SwarmServices(docker_client).find(deployment.name)
    assert service is not None
    assert [each["SecretName"] for each in service["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]] == [secret]


def test_a_service_without_any_is_told_nothing_of_them(
    docker_client: DockerClient, environment: Environments, first: Artifact, reach: Reach
) -> None:
    engine = SwarmEngine(docker_client, stack=environment.stack, endpoint_mode="dnsrr", reach=reach)
    deployment = environment.deployment(1, first)

    engine.deploy(deployment, SilentProgress())

    assert not [name for name in variables(docker_client, deployment.name) if name.startswith("AWS_")]


def test_each_slice_has_queues_and_buckets_of_its_own_and_they_go_with_it(
    docker_client: DockerClient, environment: Environments, first: Artifact, reach: Reach, sites: Sites
) -> None:
    slices = SwarmSlices(
        docker_client,
        SliceSites(sites.bundles, sites.buckets(f"{environment.stack}-slices"), stack=environment.stack),
        stack=environment.stack,
        endpoint_mode="dnsrr",
        resources=SliceResources(reach, stack=environment.stack),
    )
    writer = environment.deployment(0, first, role="writer", **WRITES)
    reader = environment.deployment(0, first, role="reader", reads={"queues": ["orders"]})
    one, other = (
        SliceOwner(
            name=f"slice-{uuid4().hex[:10]}", application=environment.application, regression="regression:1", run="r"
        )
        for _ in range(2)
    )

    for owner in (one, other):
        assert slices.up(owner, [writer, reader], SilentProgress()).fault == ""

    told = {owner.name: variables(docker_client, f"{owner.name}-reader") for owner in (one, other)}
    for owner in (one, other):
        assert told[owner.name]["ONWARD_QUEUE_ORDERS"].endswith(f"/ci--{owner.name}-orders")
        assert variables(docker_client, f"{owner.name}-writer")["ONWARD_BUCKET_RECEIPTS"].endswith(
            f"/ci--{owner.name}-receipts"
        )
    assert sorted(reach.queues.names(f"ci--{one.name}-")) == [f"ci--{one.name}-orders", f"ci--{one.name}-orders-dead"]

    slices.down(one, SilentProgress())
    slices.down(one, SilentProgress())

    assert list(reach.queues.names(f"ci--{one.name}-")) == list(reach.buckets.names(f"ci--{one.name}-")) == []
    assert len(reach.queues.names(f"ci--{other.name}-")) == 2
    assert [found.owner.name for found in slices.found()] == [other.name]
    slices.down(other, SilentProgress())
    assert list(reach.buckets.names(f"ci--{other.name}-")) == []

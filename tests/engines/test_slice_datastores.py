"""Datastores and slices on a real swarm: ci's serve the services of a slice, and a candidate is tried by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.environment import Environment
from domain.identity import data_network
from tests.engines.conftest import Environments
from tests.engines.images import Images
from tests.engines.sites import Sites
from tests.engines.slicing import READS, Slicing
from tests.fakes.progress import SilentProgress

pytestmark = pytest.mark.server


@pytest.fixture
def slicing(docker_client: DockerClient, environment: Environments, images: Images, sites: Sites) -> Iterator[Slicing]:
    looker = images.pushed('sh -c \\"$COMMAND\\"', {})
    slicing = Slicing(docker_client, environment, images, sites, looker)
    yield slicing
    for found in slicing.slices.found():
        slicing.slices.down(found.owner, SilentProgress())


def test_a_candidate_datastore_is_tried_without_data_and_in_the_way_of_nobody(
    docker_client: DockerClient, slicing: Slicing, images: Images, first: Artifact, second: Artifact
) -> None:
    db = slicing.datastore(first)
    slicing.environment.arrive(db)
    owner = slicing.owner()
    reader = images.pushed("wget -q -O - http://$ONWARD_DATASTORE_DB/; echo; sleep 60", {})
    reads = slicing.service("reader", reader, health={"command": ["true"]}, **READS)

    up = slicing.slices.up(owner, [slicing.datastore(second), reads], SilentProgress())

    assert (up.fault, set(up.urls)) == ("", {"reader"})
    assert slicing.fetched(owner, f"http://{up.datastores['db']}") == "second"
    read = f"http://{db.name}:8080"
    assert slicing.fetched(owner, read) == "nothing answers", "who is not on the data network reaches no data"
    assert slicing.fetched(owner, read, data=data_network(Environment.CI, owner.application)) == "first"
    (printed,) = (
        docker_client.containers.get(each["Id"]).logs().decode().strip()
        for each in docker_client.api.containers(filters={"name": f"{owner.name}-reader"})
    )
    assert printed == "first", "services of a slice read ci's"
    (volume,) = [each for each in docker_client.volumes.list() if each.name == db.name]
    slicing.slices.down(owner, SilentProgress())
    assert volume in docker_client.volumes.list()
    assert slicing.environment.observe(db).healthy == 1

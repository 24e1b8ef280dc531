"""The disk of a real container's volume."""

from __future__ import annotations

import copy
import os

import pytest
from docker import DockerClient

from domain.environment import Environment
from domain.errors import NotFound, OnwardError, Unreachable
from engines.labels import Label
from engines.swarm_api import SwarmServices
from engines.swarm_disks import SwarmDisks
from tests.engines.conftest import Environments
from tests.engines.images import Images

pytestmark = pytest.mark.server

SERVES = "trap 'exit 0' TERM; httpd -f -p 8080 -h /data & wait"
DATA = {"volume": "/data", "version": "1"}


def test_the_disk_below_a_volume_is_told_by_who_serves_from_it(
    docker_client: DockerClient, environment: Environments, images: Images
) -> None:
    image = images.pushed(SERVES, {"data/healthz": "ok"})
    deployment = environment.deployment(1, image, role="db", kind="datastore", datastore=DATA)
    environment.arrive(deployment)
    disks = SwarmDisks(docker_client, deployment.environment, stack=environment.stack)
    elsewhere = next(each for each in Environment if each is not deployment.environment)

    use = disks.use(disks.datastores()[deployment.service])

    there = os.statvfs(docker_client.info()["DockerRootDir"])
    assert abs(use.size - there.f_blocks * there.f_frsize) <= 1024
    assert 0 < use.free < use.size
    assert SwarmDisks(docker_client, elsewhere, stack=environment.stack).datastores() == {}

    service = disks.datastores()[deployment.service]
    spec = copy.deepcopy(service["Spec"])
    del spec["Labels"][Label.ROLE]
    services = SwarmServices(docker_client)
    services.update(service, spec)
    assert list(disks.datastores()) == [deployment.service], "whatever somebody takes from it by hand"
    services.remove(deployment.name)
    with pytest.raises(NotFound, match="not found"):
        disks.use(service)


@pytest.mark.parametrize(
    ("df", "error", "reason"),
    [
        ("#!/bin/sh\nsleep 600\n", Unreachable, "df did not end in 4 s"),
        ("#!/bin/sh\necho no such thing >&2\nexit 3\n", NotFound, "ended with exit code 3: no such thing"),
        ("", NotFound, "ended with exit code (12[67]|1: .*exec format error)"),  # runc has said both
    ],
)
def test_a_df_that_hangs_is_left_and_one_that_fails_says_why(
    docker_client: DockerClient,
    environment: Environments,
    images: Images,
    df: str,
    error: type[OnwardError],
    reason: str,
) -> None:
    image = images.pushed(SERVES, {"data/healthz": "ok", "usr/bin/df": df})
    deployment = environment.deployment(1, image, role="db", kind="datastore", datastore=DATA)
    environment.arrive(deployment)
    disks = SwarmDisks(docker_client, deployment.environment, stack=environment.stack)

    with pytest.raises(error, match=reason):
        disks.use(disks.datastores()[deployment.service])

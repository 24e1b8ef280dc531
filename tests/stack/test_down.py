"""``down`` keeps, ``--purge`` deletes, and nobody else's services are touched."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from docker import DockerClient
from temporalio.client import Client

from domain.errors import InvalidInput
from domain.identity import Duty
from engines.health import nanoseconds
from engines.labels import Label
from engines.swarm_api import SwarmServices
from settings import StackSettings
from stack.base_image import PYTHON_IMAGE
from stack.down import down
from stack.engine import bridge_gateway
from stack.places import Machine, StateDirectory
from stack.processes import is_alive, marked
from stack.servers import BUCKET, INTERNAL, registry_host, temporal_address
from stack.services import RESTING, DeployedServices, remove_abandoned
from stack.supervision import Supervisor
from tests.bucket import bucket_of
from tests.engines.conftest import wait_for
from tests.stack.conftest import NewStack, quiet, started

pytestmark = pytest.mark.server

Deployed = tuple[str, str]


@pytest.fixture
def deployed(engine: DockerClient) -> Iterator[Deployed]:
    """A service and a network that carry the label of a stack that nobody else has: stack, service."""
    stack, name = uuid4().hex[:8], f"ci-t{uuid4().hex[:8]}-web"
    network = engine.networks.create(name, driver="overlay", attachable=True, labels={Label.STACK: stack})
    SwarmServices(engine).create(
        {
            "Name": name,
            "Labels": {Label.STACK: stack},
            "Mode": {"Replicated": {"Replicas": 2}},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": PYTHON_IMAGE,
                    "Command": ["python3", "-c", "import time; time.sleep(600)"],  # deaf to SIGTERM
                    "StopGracePeriod": nanoseconds(2),
                },
                "Networks": [{"Target": network.id}],
            },
            "UpdateConfig": {"Parallelism": 1},
            "EndpointSpec": {"Mode": "dnsrr"},
        }
    )
    yield stack, name
    DeployedServices(engine, stack).remove()


def test_down_ends_every_process_and_keeps_the_data(new_stack: NewStack, engine: DockerClient) -> None:
    settings = new_stack()
    started(settings, ("s3",))
    bucket_of(settings, engine, Duty.BUILD).put("kept", b"content")
    processes = marked("SUPERVISOR_SERVER_URL", f"unix://{StateDirectory(settings).supervisor_socket}")
    assert processes
    down(settings, False, quiet)
    assert not any(map(is_alive, processes))
    started(settings, ("s3",))
    assert bucket_of(settings, engine, Duty.BUILD).get("kept") == b"content"


async def test_down_keeps_temporals_history_and_the_registrys_images(
    new_stack: NewStack, engine: DockerClient, tmp_path: Path
) -> None:
    settings = new_stack()
    await asyncio.to_thread(started, settings, ("temporal", "registry"))
    client = await Client.connect(temporal_address(settings))
    handle = await client.start_workflow("NobodyTakesIt", id="kept", task_queue="nobody")
    await handle.signal("noted")
    history = (await handle.fetch_history()).to_json()
    name = f"{registry_host(settings)}/test/kept"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    engine.images.build(path=str(tmp_path), tag=f"{name}:1", rm=True)
    engine.images.push(name, tag="1")
    pushed = engine.images.get(f"{name}:1").attrs["RepoDigests"]
    engine.images.remove(f"{name}:1", force=True)

    await asyncio.to_thread(down, settings, False, quiet)
    await asyncio.to_thread(started, settings, ("temporal", "registry"))

    handle = (await Client.connect(temporal_address(settings))).get_workflow_handle("kept")
    assert (await handle.fetch_history()).to_json() == history
    assert "noted" in history
    assert engine.images.pull(name, tag="1").attrs["RepoDigests"] == pushed


def test_purge_deletes_what_is_ours_and_nothing_else(new_stack: NewStack) -> None:
    settings = new_stack()
    started(settings, ("registry",))
    theirs = settings.state / "letter.txt"
    theirs.write_text("do not lose")
    down(settings, True, quiet)
    assert [each.name for each in settings.state.iterdir()] == ["letter.txt"]
    assert not Supervisor(StateDirectory(settings)).is_running()


def test_down_is_safe_when_nothing_or_half_of_it_is_there(new_stack: NewStack) -> None:
    settings = new_stack()
    down(settings, False, quiet)
    started(settings, ("registry",))
    shutil.rmtree(StateDirectory(settings).data)
    StateDirectory(settings).supervisor_pid.unlink()
    down(settings, True, quiet)
    assert not settings.state.exists()


def test_services_rest_and_wake_with_their_replicas(deployed: Deployed, engine: DockerClient) -> None:
    stack, name = deployed
    services = DeployedServices(engine, stack)
    assert services.rest() == [name]
    assert services.rest() == []
    spec = SwarmServices(engine).find(name)["Spec"]  # type: ignore[index]
    assert (spec["Mode"]["Replicated"]["Replicas"], spec["Labels"][RESTING]) == (0, "2")
    assert services.wake() == [name]
    assert services.wake() == []
    spec = SwarmServices(engine).find(name)["Spec"]  # type: ignore[index]
    assert spec["Mode"]["Replicated"]["Replicas"] == 2
    assert RESTING not in spec["Labels"]


def test_a_removed_service_is_waited_for_until_its_last_container_has_ended(
    deployed: Deployed, engine: DockerClient
) -> None:
    stack, name = deployed

    def containers() -> list[str]:
        found = engine.api.containers(filters={"label": f"com.docker.swarm.service.name={name}"})
        return [each["Id"] for each in found]

    wait_for(lambda: len(containers()) == 2)
    DeployedServices(engine, stack).remove()
    assert not containers(), "swarm forgets a service at once, and ends it later"
    wait_for(lambda: not engine.api.networks(filters={"label": f"{Label.STACK}={stack}"}))


def test_what_a_stack_left_goes_only_when_its_state_directory_is_gone(
    deployed: Deployed, engine: DockerClient, new_stack: NewStack
) -> None:
    stack, name = deployed
    settings = new_stack()
    machine = Machine(settings)
    machine.make()
    settings.state.mkdir()
    remove_abandoned(engine, machine, quiet)
    assert engine.services.list(filters={"name": name}), "a stack that this user never started stays"
    (machine.root / "stacks" / stack).write_text(str(settings.state))
    remove_abandoned(engine, machine, quiet)
    assert engine.services.list(filters={"name": name}), "a stack at rest stays"
    settings.state.rmdir()
    said: list[str] = []
    remove_abandoned(engine, machine, said.append)
    assert not engine.services.list(filters={"name": name})
    assert not engine.networks.list(names=[name])
    assert stack in said[0]
    assert machine.abandoned() == []


def test_each_duty_writes_only_its_own_part_of_s3(new_stack: NewStack, engine: DockerClient) -> None:
    settings = new_stack()
    started(settings, ("s3",))
    allowed = {
        duty: {
            key
            for key in ("manifests/a", "published/shop.json", "logs/r/1/a.log")
            if _may_write(settings, engine, duty, key)
        }
        for duty in (Duty.BUILD, Duty.CI, Duty.PROD)
    }
    assert allowed == {
        Duty.BUILD: {"manifests/a", "published/shop.json", "logs/r/1/a.log"},
        Duty.CI: {"published/shop.json", "logs/r/1/a.log"},
        Duty.PROD: {"logs/r/1/a.log"},
    }


def test_nobody_gets_past_the_keys_of_s3_through_a_part_of_it(new_stack: NewStack, engine: DockerClient) -> None:
    """As any container could try it; a write there was answered with 201."""
    settings = new_stack()
    started(settings, ("s3",))
    bucket_of(settings, engine, Duty.BUILD).put("manifests/a", b"content")
    filer = settings.internal_port + INTERNAL.index("filer.port")
    there = f"http://{bridge_gateway(engine)}:{filer}/buckets/{BUCKET}/manifests/a"

    read, written = requests.get(there, timeout=5), requests.put(there, b"other", timeout=5)

    assert (read.status_code, written.status_code) == (401, 401)


def _may_write(settings: StackSettings, engine: DockerClient, duty: Duty, key: str) -> bool:
    try:
        bucket_of(settings, engine, duty).put(key, b"content")
    except InvalidInput:
        return False
    return True

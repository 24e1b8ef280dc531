"""``down`` keeps, ``--purge`` deletes, and nobody else's services are touched."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import requests
from docker import DockerClient
from temporalio.client import Client

from domain.errors import InvalidInput
from domain.identity import Duty
from engines.swarm_api import SwarmServices
from engines.swarm_attachments import ATTACHMENTS
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
from tests.stack.conftest import Deployed, NewStack, quiet, started

pytestmark = pytest.mark.server


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


def test_what_cannot_be_removed_yet_of_a_stack_that_is_no_more_holds_up_nobody(
    deployed: Deployed, engine: DockerClient, new_stack: NewStack
) -> None:
    stack, name = deployed
    settings = new_stack()
    machine = Machine(settings)
    machine.make()
    (machine.root / "stacks" / stack).write_text(str(settings.state))
    stranger = engine.containers.run(PYTHON_IMAGE, ["sleep", "600"], detach=True, network=name, init=True)
    try:
        said: list[str] = []
        remove_abandoned(engine, machine, said.append)
        assert said[1].startswith("some of it stays until the next time: networks are still in use")
        assert name in said[1]
        assert machine.abandoned() == [stack]
    finally:
        stranger.remove(force=True)
    remove_abandoned(engine, machine, quiet)
    assert machine.abandoned() == []
    wait_for(lambda: not engine.networks.list(names=[name]))


def test_a_network_that_swarm_keeps_for_nobody_is_named_and_goes_once_the_engine_has_started_anew(
    deployed: Deployed, engine: DockerClient, new_stack: NewStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine says of the container that holds it what it says of one that is gone."""
    stack, name = deployed
    settings = new_stack()
    machine = Machine(settings)
    machine.make()
    (machine.root / "stacks" / stack).write_text(str(settings.state))
    stranger = engine.containers.run(PYTHON_IMAGE, ["sleep", "600"], detach=True, network=name, init=True)
    attachments = engine.api.tasks(filters=ATTACHMENTS)  # type: ignore[no-untyped-call]
    (kept,) = [each for each in attachments if each["Spec"]["NetworkAttachmentSpec"]["ContainerID"] == stranger.id]
    kept["Spec"]["NetworkAttachmentSpec"]["ContainerID"] = "gone"
    try:
        said: list[str] = []
        with monkeypatch.context() as patched:
            patched.setattr(engine.api, "tasks", lambda filters: [kept] if filters == ATTACHMENTS else [])
            remove_abandoned(engine, machine, said.append)
        assert said[1] == f"until the Docker Engine starts anew, swarm keeps for containers that are gone: {name}"
        assert machine.abandoned() == [stack]
    finally:
        stranger.remove(force=True)
    remove_abandoned(engine, machine, quiet)
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

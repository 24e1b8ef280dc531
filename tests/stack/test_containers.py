"""What a removed service still runs is waited for, and what swarm forgot to end goes all the same."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

import pytest
from docker import DockerClient
from docker.errors import NotFound

from engines.labels import SERVICE_ID, SERVICE_NAME, Label
from engines.swarm_api import SwarmServices
from engines.swarm_tasks import ENDED
from stack.base_image import PYTHON_IMAGE
from stack.services import DeployedServices
from tests.engines.conftest import wait_for
from tests.stack.conftest import Deployed, deploy

pytestmark = pytest.mark.server

TAKES_ITS_TIME = """\
import pathlib, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
pathlib.Path("/mark/begun").touch()
signal.sigwait({signal.SIGTERM})
time.sleep(2)
pathlib.Path("/mark/ended").touch()
"""


def test_a_removed_service_is_waited_for_until_its_last_container_has_ended(
    deployed: Deployed, engine: DockerClient
) -> None:
    stack, name = deployed
    wait_for(lambda: _running(engine, name) == 2)
    DeployedServices(engine, stack).remove(print)
    assert not _running(engine, name), "swarm forgets a service at once, and ends it later"
    wait_for(lambda: not engine.api.networks(filters={"label": f"{Label.STACK}={stack}"}))


@pytest.mark.parametrize("state", ["new", "preparing", "starting"])
def test_what_swarm_was_about_to_start_is_waited_for(deployed: Deployed, engine: DockerClient, state: str) -> None:
    """It would make its networks and its volume anew when they are gone already."""
    stack, name = deployed
    label = f"{Label.STACK}={stack}"

    def states() -> set[str]:
        return {task["Status"]["State"] for task in engine.api.tasks(filters={"label": label})}  # type: ignore[no-untyped-call]

    SwarmServices(engine).remove(name)
    wait_for(lambda: not states())
    deploy(engine, stack, name)
    while state != "new" and not states() & {state, "running"}:  # at once: it lasts some milliseconds
        pass

    DeployedServices(engine, stack).remove(print)

    assert states() <= ENDED
    assert not engine.api.networks(filters={"label": label})


FORGOTTEN_OF = (
    "a service that went long ago",
    "a service that goes now",
    "a service that goes now, and begun only then",
)


@pytest.mark.parametrize("of", FORGOTTEN_OF)
def test_a_container_that_swarm_forgot_to_end_goes_too(
    deployed: Deployed, engine: DockerClient, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    """Swarm made it, and its task was told something else at the moment it was to end."""
    monkeypatch.setattr("stack.containers.FORGOTTEN", 5.0)
    stack, name = deployed
    service = SwarmServices(engine).find(name)
    assert service is not None
    own = {Label.STACK: stack, SERVICE_ID: service["ID"], SERVICE_NAME: name}
    if of == FORGOTTEN_OF[0]:
        own |= {SERVICE_ID: "gone", SERVICE_NAME: "gone"}
    forgotten = engine.containers.create(PYTHON_IMAGE, ["sleep", "600"], network=name, init=True, labels=own)
    wait_for(lambda: _running(engine, name) == 2)
    begin = threading.Timer(1.0 if of == FORGOTTEN_OF[2] else 0, forgotten.start)  # the service ends in two seconds
    begin.start()

    DeployedServices(engine, stack).remove(print)

    begin.join()
    with pytest.raises(NotFound):
        forgotten.reload()
    assert not engine.networks.list(names=[name])


def test_what_ends_by_itself_may_do_so(engine: DockerClient, tmp_path: Path) -> None:
    stack, name = uuid4().hex[:8], f"ci-t{uuid4().hex[:8]}-web"
    container = {
        "Image": PYTHON_IMAGE,
        "Command": ["python3", "-c", TAKES_ITS_TIME],
        "Labels": {Label.STACK: stack},
        "Mounts": [{"Type": "bind", "Source": str(tmp_path), "Target": "/mark"}],
    }
    template = {"ContainerSpec": container, "RestartPolicy": {"Condition": "none"}}
    spec = {"Name": name, "Labels": {Label.STACK: stack}, "Mode": {"Replicated": {"Replicas": 1}}}
    SwarmServices(engine).create({**spec, "TaskTemplate": template, "EndpointSpec": {"Mode": "dnsrr"}})
    wait_for((tmp_path / "begun").exists)

    DeployedServices(engine, stack).remove(print)

    assert (tmp_path / "ended").exists()


def test_a_container_of_another_stack_with_the_same_name_stays(
    deployed: Deployed, engine: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a service is removed, its name is free."""
    monkeypatch.setattr("stack.containers.FORGOTTEN", 0.0)
    stack, name = deployed
    labels = {Label.STACK: "another", SERVICE_ID: "theirs", SERVICE_NAME: name}
    theirs = engine.containers.run(PYTHON_IMAGE, ["sleep", "600"], detach=True, init=True, labels=labels)
    try:
        DeployedServices(engine, stack).remove(print)
        theirs.reload()
        assert theirs.status == "running"
    finally:
        theirs.remove(force=True)


def _running(engine: DockerClient, service: str) -> int:
    return len(engine.api.containers(filters={"label": f"{SERVICE_NAME}={service}"}))

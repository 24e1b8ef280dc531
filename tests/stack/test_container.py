"""A server that is only to be had as an image runs under the supervisor like any other."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from docker import DockerClient

from domain.errors import NotFound
from domain.identity import part_name
from settings import StackSettings
from stack import container
from stack.base_image import PYTHON_IMAGE, ensure_base_image
from stack.images import Images
from stack.places import Machine
from stack.programs import BUSYBOX, REGISTRY, Program, command, installed
from tests.busybox import busybox
from tests.engines.conftest import wait_for
from tests.servers import registry_server
from tests.stack.conftest import ENGINE, NewStack, quiet

pytestmark = pytest.mark.server


def test_it_serves_on_the_machines_network_and_ends_with_sigterm(engine: DockerClient, new_stack: NewStack) -> None:
    settings, name = new_stack(), f"t{uuid4().hex[:8]}"
    ensure_base_image(engine, Images(engine, Machine(settings)), quiet)
    settings.state.mkdir()
    (settings.state / "page").write_text("served")
    arguments = [
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(settings.state),
        str(settings.registry_port),
    ]
    words = container.words(
        PYTHON_IMAGE,
        host=ENGINE,
        stack=settings.name,
        name=name,
        entrypoint="python3",
        folders=[str(settings.state)],
        arguments=arguments,
    )
    for _ in range(2):  # the second time over a container that a killed runner left
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert _content(f"http://127.0.0.1:{settings.registry_port}/page") == "served"
        process.kill()
        process.wait()
    left = engine.containers.get(name).id
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: [each for each in engine.containers.list(filters={"name": name}) if each.id != left])
    assert _content(f"http://127.0.0.1:{settings.registry_port}/page") == "served"
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert not engine.containers.list(all=True, filters={"name": name})
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: engine.containers.list(all=True, filters={"name": name}))
    process.send_signal(signal.SIGTERM)  # it may not even run yet
    process.wait(30)
    assert not engine.containers.list(all=True, filters={"name": name})


def test_the_binary_is_chosen_before_the_image_and_nothing_before_an_error(
    engine: DockerClient, tmp_path: Path
) -> None:
    settings = StackSettings(state_directory=tmp_path / "s", machine_directory=tmp_path / "m")
    images = Images(engine, Machine(settings))
    both = Program("shell", ("sh",), "dash", "is there", "", image=PYTHON_IMAGE, entrypoint="sh")
    assert command(both, settings, images, [], ["-c", "true"])[0].endswith("/sh")
    image = Program("none", ("no-such-program",), "none", "is nowhere", "", image=PYTHON_IMAGE, entrypoint="python3")
    assert PYTHON_IMAGE in command(image, settings, images, [], [])
    neither = Program("none", ("no-such-program",), "none", "is nowhere", "", image="onward.invalid/none:1")
    with pytest.raises(NotFound, match="apt-get install --no-install-recommends none"):
        command(neither, settings, images, [], [])


def test_the_tests_own_servers_and_tools_come_from_images_where_they_are_not_installed(
    engine: DockerClient, tmp_path: Path
) -> None:
    """Images made here of what is installed stand for those of a public registry."""
    settings = StackSettings()
    ensure_base_image(engine, Images(engine, Machine(settings)), quiet)
    tag = f"onward-test/tools:{uuid4().hex[:8]}"
    for program in (REGISTRY, BUSYBOX):
        binary = installed(program)
        if binary is None:
            pytest.skip(f"{program.name} is not installed: all other tests run with its image")
        shutil.copy(binary, tmp_path / Path(program.entrypoint).name)
    (tmp_path / "Dockerfile").write_text(f"FROM {PYTHON_IMAGE}\nCOPY registry /usr/bin/registry\nCOPY busybox /bin/\n")
    engine.images.build(path=str(tmp_path), tag=tag, rm=True)
    try:
        with registry_server(replace(REGISTRY, binaries=("no-such-program",), image=tag)) as server:
            name = part_name(StackSettings(state_directory=server.files.parent).name, REGISTRY.entrypoint)
            assert engine.containers.get(name).status == "running"
        assert not engine.containers.list(all=True, filters={"name": name})
        found = busybox(replace(BUSYBOX, binaries=("no-such-program",), image=tag))
        assert found == (tmp_path / "busybox").read_bytes()
    finally:
        engine.images.remove(tag, force=True)


def _content(url: str) -> str:
    end = time.monotonic() + 30
    while True:
        try:
            with urlopen(url, timeout=2) as answer:  # noqa: S310 – our own server
                return str(answer.read().decode())
        except (URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)

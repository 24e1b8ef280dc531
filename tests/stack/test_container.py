"""A server that is only to be had as an image runs under the supervisor like any other."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from docker import DockerClient

from domain.errors import NotFound
from settings import StackSettings
from stack import container
from stack.base_image import PYTHON_IMAGE, ensure_base_image
from stack.images import Images
from stack.places import Machine
from stack.programs import Program, command
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
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert _content(f"http://127.0.0.1:{settings.registry_port}/page") == "served"
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert not engine.containers.list(all=True, filters={"name": name})


def test_the_binary_is_chosen_before_the_image_and_nothing_before_an_error(
    engine: DockerClient, tmp_path: Path
) -> None:
    settings = StackSettings(state_directory=tmp_path / "s", machine_directory=tmp_path / "m")
    images = Images(engine, Machine(settings))
    both = Program("shell", ("sh",), "dash", "is there", image=PYTHON_IMAGE, entrypoint="sh")
    assert command(both, settings, images, [], ["-c", "true"])[0].endswith("/sh")
    image = Program("none", ("no-such-program",), "none", "is nowhere", image=PYTHON_IMAGE, entrypoint="python3")
    assert PYTHON_IMAGE in command(image, settings, images, [], [])
    neither = Program("none", ("no-such-program",), "none", "is nowhere", image="onward.invalid/none:1")
    with pytest.raises(NotFound, match="apt-get install none"):
        command(neither, settings, images, [], [])


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

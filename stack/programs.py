"""How a server's program comes to run: installed, else in a container, else not at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import NotFound
from domain.identity import part_name
from settings import StackSettings
from stack import container
from stack.images import Images


@dataclass(frozen=True)
class Program:
    """One program that the stack or its tests need and that pip does not bring.

    ``binaries``: the names it may have. ``package``: the Debian package that has it. ``image``:
    what serves as well, from a public registry, with ``entrypoint`` where it is a server.
    """

    name: str
    binaries: tuple[str, ...]
    package: str
    why: str
    image: str = ""
    entrypoint: str = ""
    version: tuple[str, ...] = ("--version",)


GIT = Program("git", ("git",), "git", "reads the repositories of services")
DOCKERD = Program("Docker Engine", ("dockerd",), "docker.io", "builds images and runs both environments")
REGISTRY = Program(
    name="image registry",
    binaries=("docker-registry", "registry"),
    package="docker-registry",
    why="keeps the images that releases build and deploy",
    image="registry:2",
    entrypoint="registry",
)
PROMETHEUS = Program(
    name="Prometheus",
    binaries=("prometheus",),
    package="prometheus",
    why="keeps the metrics of workers and edges",
    image="prom/prometheus:v2.53.4",
    entrypoint="prometheus",
)
MMDEBSTRAP = Program(
    name="mmdebstrap",
    binaries=("mmdebstrap",),
    package="mmdebstrap",
    why="makes the base image of the examples where none can be pulled",
    image="python:3.11-slim",
)
BUSYBOX = Program("busybox", ("busybox",), "busybox-static", "is the smallest image to test with", version=("--help",))
COMPOSE = Program("docker-compose", ("docker-compose",), "docker-compose", "checks docker-compose.yml in the tests")
ALERTMANAGER = Program(
    "Alertmanager", ("prometheus-alertmanager", "alertmanager"), "prometheus-alertmanager", "sends alerts in the tests"
)
CHROMIUM = Program("Chromium", ("chromium", "google-chrome"), "chromium", "opens the Temporal Web UI in the tests")

STACK = (GIT, DOCKERD, REGISTRY, PROMETHEUS, MMDEBSTRAP)
TESTS = (BUSYBOX, COMPOSE, ALERTMANAGER, CHROMIUM)

#: What pip installed, with what it is for.
PYTHON_TOOLS = {"temporal": "Temporal with its Web UI", "weed": "S3", "traefik": "the edge proxies"}


def python_tool(name: str) -> str:
    """A program that pip installed beside this Python: ``temporal``, ``weed``, ``traefik``."""
    return str(Path(sys.executable).with_name(name))


def installed(program: Program, path: str | None = None) -> str | None:
    """Where the program is on a search path (the process's own by default), or ``None``."""
    found = (shutil.which(binary, path=path) for binary in program.binaries)
    return next((each for each in found if each), None)


def command(
    program: Program, settings: StackSettings, images: Images, folders: Sequence[Path], arguments: Sequence[str]
) -> tuple[str, ...]:
    """The words that run a program: the binary on the path first, else its image.

    :param folders: what the program must see, should it run in a container.
    :raises NotFound: it is neither installed nor to be pulled; names the ways to get it.
    """
    binary = installed(program)
    if binary is not None:
        return (binary, *arguments)
    if images.obtained(program.image):
        return container.words(
            program.image,
            host=settings.docker_host,
            stack=settings.name,
            name=part_name(settings.name, program.entrypoint),
            entrypoint=program.entrypoint,
            folders=[str(folder) for folder in folders],
            arguments=arguments,
        )
    raise not_to_be_had(program, images)


def not_to_be_had(program: Program, images: Images) -> NotFound:
    """The error for a program that is neither installed nor to be pulled, with the ways to get it."""
    return NotFound(
        f"{program.name} {program.why}, but {program.binaries[0]} is not installed and {program.image} "
        f"cannot be pulled: {images.why_not()}\n  next: make setup, or apt-get install {program.package}"
    )

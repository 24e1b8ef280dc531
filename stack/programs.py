"""How a server's program comes to run: installed, else in a container, else not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from domain.errors import NotFound
from domain.identity import part_name
from settings import StackSettings
from stack import container
from stack.account import Account
from stack.elf import is_static
from stack.images import Images

#: Where Debian has what an administrator runs: not on everybody's search path.
ADMINISTRATORS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Program:
    """One program that the stack or its tests need and that pip does not bring.

    ``binaries``: the names it may have. ``elsewhere``: patterns of paths that are on no search path.
    ``package``: the Debian package that has it. ``page``: who makes it. ``image``: what serves as
    well, from a public registry, with ``entrypoint`` where it is started. ``static``: it must run
    without any library.
    """

    name: str
    binaries: tuple[str, ...]
    package: str
    why: str
    page: str
    image: str = ""
    entrypoint: str = ""
    version: tuple[str, ...] = ("--version",)
    elsewhere: tuple[str, ...] = ()
    static: bool = False


GIT = Program("git", ("git",), "git", "reads the repositories of services", "https://git-scm.com/downloads")
DOCKERD = Program(
    name="Docker Engine",
    binaries=("dockerd",),
    package="docker.io",
    why="builds images and runs both environments",
    page="https://docs.docker.com/engine/install/",
)
REGISTRY = Program(
    name="image registry",
    binaries=("docker-registry", "registry"),
    package="docker-registry",
    why="keeps the images that releases build and deploy",
    page="https://distribution.github.io/distribution/",
    image="registry:2",
    entrypoint="registry",
)
PROMETHEUS = Program(
    name="Prometheus",
    binaries=("prometheus",),
    package="prometheus",
    why="keeps the metrics of workers and edges",
    page="https://prometheus.io/download/",
    image="prom/prometheus:v2.53.4",
    entrypoint="prometheus",
)
PROMTOOL = Program(
    name="promtool",
    binaries=("promtool",),
    package="prometheus",
    why="tests the monitors of services",
    page="https://prometheus.io/download/",
)
MMDEBSTRAP = Program(
    name="mmdebstrap",
    binaries=("mmdebstrap",),
    package="mmdebstrap",
    why="makes the base image of the examples where none can be pulled",
    page="https://gitlab.mister-muffin.de/josch/mmdebstrap",
    image="python:3.11-slim",
)
BUSYBOX = Program(
    name="busybox",
    binaries=("busybox",),
    package="busybox-static",
    why="is the smallest image to test with, without any library",
    page="https://busybox.net/",
    image="busybox:stable-musl",
    entrypoint="/bin/busybox",
    version=("--help",),
    static=True,
)
COMPOSE = Program(
    name="docker-compose",
    binaries=("docker-compose",),
    package="docker-compose",
    why="checks docker-compose.yml in the tests",
    page="https://docs.docker.com/compose/install/",
    image="docker:28-cli",
    entrypoint="docker-compose",
    version=("version",),
    # The plug-in of the `docker` command, which is a program of its own as well.
    elsewhere=("~/.docker/cli-plugins/docker-compose", "/usr/lib*/docker/cli-plugins/docker-compose"),
)
ALERTMANAGER = Program(
    name="Alertmanager",
    binaries=("prometheus-alertmanager", "alertmanager"),
    package="prometheus-alertmanager",
    why="sends alerts in the tests",
    page="https://prometheus.io/download/",
    image="prom/alertmanager:v0.27.0",
    entrypoint="alertmanager",
)
PEBBLE = Program(
    name="Pebble",
    binaries=("pebble",),
    package="pebble",
    why="gives certificates to an edge in the tests",
    page="https://github.com/letsencrypt/pebble",
    image="letsencrypt/pebble:v2.3.1",
    entrypoint="pebble",
    version=("-help",),
)
PEBBLE_NAMES = replace(
    PEBBLE,
    name="Pebble's names",
    binaries=("pebble-challtestsrv",),
    why="tells Pebble where a domain is",
    image="letsencrypt/pebble-challtestsrv:v2.3.1",
    entrypoint="pebble-challtestsrv",
)
#: No image: Playwright starts a browser itself and talks to it through inherited pipes.
CHROMIUM = Program(
    name="Chromium",
    binaries=("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    package="chromium",
    why="opens the Temporal Web UI in the tests",
    page="https://playwright.dev/python/docs/browsers (.venv/bin/playwright install chromium)",
    elsewhere=("~/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",),
)

#: What `onward check` calls.
CHECKS = (GIT, PROMTOOL)
STACK = (GIT, DOCKERD, REGISTRY, PROMETHEUS, PROMTOOL, MMDEBSTRAP)
TESTS = (BUSYBOX, COMPOSE, ALERTMANAGER, PEBBLE, PEBBLE_NAMES, CHROMIUM)

#: What pip installed, with what it is for.
PYTHON_TOOLS = {
    "temporal": "Temporal with its Web UI",
    "weed": "S3",
    "ministack": "queues",
    "traefik": "the edge proxies",
}


def python_tool(name: str) -> str:
    """A program that pip installed beside this Python: ``temporal``, ``weed``, ``traefik``."""
    return str(Path(sys.executable).with_name(name))


def installed(program: Program, path: str | None = None) -> str | None:
    """Where the program is, or ``None``.

    :param path: the only places to look, instead of the process's own search path and the usual ones beside it.
    """
    places = path if path is not None else os.pathsep.join((os.environ.get("PATH", os.defpath), *ADMINISTRATORS))
    found = [shutil.which(binary, path=places) for binary in program.binaries]
    if path is None:
        patterns = (str(Path(each).expanduser()).lstrip("/") for each in program.elsewhere)
        found += [str(each) for pattern in patterns for each in sorted(Path("/").glob(pattern))]
    return next((each for each in found if each and (not program.static or is_static(Path(each)))), None)


def how_to_get(programs: Sequence[Program], account: Account) -> list[str]:
    """The commands that get programs, or where to read about them: what this machine can follow."""
    if shutil.which("apt-get", path=account.path):
        packages = " ".join(dict.fromkeys(program.package for program in programs))
        return [account.shown_as_root(f"apt-get install --no-install-recommends {packages}")]
    return [f"docker pull {program.image}" if program.image else f"see {program.page}" for program in programs]


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
    (step,) = how_to_get([program], Account.current())
    return NotFound(
        f"{program.name} {program.why}, but {program.binaries[0]} is not installed and {program.image} "
        f"cannot be pulled: {images.why_not()}\n"
        f"  next: make setup, or {step}; onward doctor says what else is missing"
    )

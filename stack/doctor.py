"""``onward doctor``: what this machine has, what it lacks, and the command that helps."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from docker import DockerClient

from domain.environment import ENVIRONMENTS
from domain.errors import NotFound, OnwardError
from engines.docker_api import connect
from engines.labels import Label
from settings import StackSettings
from stack.account import Account
from stack.assembly import EVERYTHING, supervised
from stack.credentials import Credentials
from stack.edges import edge_probe
from stack.engine import bridge_gateway, is_closed, open_to
from stack.findings import Finding, Level
from stack.images import Images
from stack.orphans import orphans
from stack.parts import Probe
from stack.places import Machine, StateDirectory
from stack.programs import DOCKERD, PYTHON_TOOLS, REGISTRY, STACK, TESTS, Program, how_to_get, installed, python_tool
from stack.servers import BUCKET
from stack.services import other_stacks
from stack.supervision import Supervisor

ENOUGH_DISK = 5 * 1024**3

#: Seconds; S3 refuses requests from 15 minutes on.
CLOCK_SKEW = 60


def diagnose(settings: StackSettings, path: str | None = None) -> list[Finding]:
    """Look at everything; nothing is started, installed or pulled.

    :param path: the search path for programs, if not the process's own.
    """
    machine, account = Machine(settings), replace(Account.current(), path=path)
    client, engine = _engine(settings, account)
    images = Images(client, machine) if client else None
    findings = [_program(each, images, account) for each in STACK if each is not DOCKERD]
    findings += [_program(each, images, account, only_tests=True) for each in TESTS]
    findings += [_python_tool(name, why) for name, why in PYTHON_TOOLS.items()]
    findings += [engine, *_disk(settings)]
    if client and images:
        with closing(client):
            findings += [*_swarm(client), *_clock(client), *_pulls(images), *_others(settings, client, machine)]
            findings += _parts(settings, client, images)
    return findings


def _program(program: Program, images: Images | None, account: Account, *, only_tests: bool = False) -> Finding:
    binary = installed(program, account.path)
    if binary is not None:
        return Finding(program.name, Level.OK, f"{binary}: {_version(binary, program)}")
    if program.image and images and images.has(program.image):
        return Finding(program.name, Level.OK, f"image {program.image}")
    level = Level.WARN if only_tests or program.image else Level.MISSING
    instead = f"; the image {program.image} would do" if program.image else ""
    used = ", only for make test" if only_tests else ""
    (step,) = how_to_get([program], account)
    return Finding(program.name, level, f"not installed; it {program.why}{used}{instead}", step)


def _version(binary: str, program: Program) -> str:
    try:
        done = subprocess.run(
            [binary, *program.version],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run: {error}"
    return next(iter((done.stdout or done.stderr).strip().splitlines()), "no version")


def _python_tool(name: str, why: str) -> Finding:
    found = Path(python_tool(name)).exists()
    if found:
        return Finding(name, Level.OK, python_tool(name))
    return Finding(name, Level.MISSING, f"not installed; it is {why}", "make setup")


def _engine(settings: StackSettings, account: Account) -> tuple[DockerClient | None, Finding]:
    host = settings.docker_host
    try:
        client = connect(host)
    except OnwardError as error:
        return None, Finding(DOCKERD.name, Level.MISSING, f"{error}; it {DOCKERD.why}", _to_engine(host, account))
    return client, Finding(DOCKERD.name, Level.OK, f"{client.version()['Version']} at {host}")


def _to_engine(host: str, account: Account) -> str:
    if is_closed(host):
        return open_to(account)
    if not host.startswith("unix://"):
        return "start the engine there, or set ONWARD_DOCKER_HOST"
    if installed(DOCKERD, account.path):
        return "make setup starts it"
    return how_to_get([DOCKERD], account)[0]


def _swarm(client: DockerClient) -> Iterator[Finding]:
    swarm = client.info()["Swarm"]
    state, manager = swarm["LocalNodeState"], swarm["ControlAvailable"]
    if state == "active" and manager:
        yield Finding("swarm", Level.OK, "active, a manager")
    elif state == "inactive":
        yield Finding("swarm", Level.WARN, "not a swarm yet", "onward up makes it one")
    else:
        yield Finding("swarm", Level.MISSING, f"{state}, manager: {manager}; a manager is needed", "docker node ls")


def _clock(client: DockerClient) -> Iterator[Finding]:
    """The engine may be on a virtual machine whose clock stood still while the laptop slept."""
    skew = abs((datetime.fromisoformat(client.info()["SystemTime"]) - datetime.now(UTC)).total_seconds())
    level = Level.OK if skew < CLOCK_SKEW else Level.WARN
    yield Finding(
        "clock",
        level,
        f"{skew:.0f} s between this machine and its engine",
        "" if level is Level.OK else "sudo hwclock -s",
    )


def _pulls(images: Images) -> Iterator[Finding]:
    reason = images.why_not()
    if reason:
        yield Finding(
            "Docker Hub",
            Level.WARN,
            f"the last pull failed, so images are made here: {reason}",
            f"docker pull {REGISTRY.image}",
        )


def _disk(settings: StackSettings) -> Iterator[Finding]:
    place = settings.state
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    level = Level.OK if free >= ENOUGH_DISK else Level.WARN
    yield Finding(
        "disk", level, f"{free / 1024**3:.1f} GiB free at {place}", "" if level is Level.OK else "onward down --purge"
    )


def _others(settings: StackSettings, client: DockerClient, machine: Machine) -> Iterator[Finding]:
    for name, place in other_stacks(client, settings.name, machine).items():
        command = f"ONWARD_STATE_DIRECTORY={place} onward down --purge"
        if not place.startswith("/"):
            command = f"docker service ls --filter label={Label.STACK}={name}"
        yield Finding(f"stack {name}", Level.WARN, f"also has services in this swarm; its state: {place}", command)


def _parts(settings: StackSettings, client: DockerClient, images: Images) -> Iterator[Finding]:
    directory = StateDirectory(settings)
    if not Supervisor(directory).is_running():
        yield Finding("stack", Level.WARN, f"the stack in {directory.root} does not run", "onward up")
        return
    credentials = Credentials(directory.keys, settings.name, BUCKET)
    try:
        parts = supervised(settings, directory, credentials, images, bridge_gateway(client), EVERYTHING)
    except OnwardError as error:
        to_do = "make setup" if isinstance(error, NotFound) else "mend it, and onward up"
        yield Finding("stack", Level.MISSING, str(error), to_do)
        return
    for part in parts:
        yield _answer(part.title, part.address, part.probe, f"less {directory.log(part.name)}")
    yield from orphans(settings, credentials, bridge_gateway(client))
    for environment in ENVIRONMENTS:
        address = f"port {settings.edge_port(environment)}"
        yield _answer(f"edge proxy: {environment}", address, edge_probe(settings, environment), "onward up")


def _answer(title: str, address: str, probe: Probe, command: str) -> Finding:
    try:
        probe()
    except OnwardError as error:
        return Finding(title, Level.MISSING, str(error), command)
    return Finding(title, Level.OK, f"answers at {address}")

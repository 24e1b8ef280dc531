"""``make setup``: the system's side – programs, the Docker Engine, a swarm, the examples' base image."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from docker import DockerClient

from domain.errors import NotFound, Unreachable
from engines.docker_api import connect
from settings import StackSettings
from stack.base_image import ensure_base_image
from stack.engine import Report, ensure_engine, ensure_swarm
from stack.images import Images
from stack.places import Machine
from stack.programs import DOCKERD, STACK, TESTS, Program, installed

INSTALL = Path(__file__).with_name("install.sh")


def set_up(settings: StackSettings, report: Report, *, tests: bool) -> None:
    """Install what is missing, after saying what; start an engine where none answers. Again: nothing.

    :param tests: also what only ``make test`` needs, and every server as a program of its own.
    :raises NotFound: something is missing and apt is not there, or may not be used; names all of it.
    """
    machine = Machine(settings)
    try:
        client = connect(settings.docker_host)
    except Unreachable:
        client = None
    images = Images(client, machine) if client and not tests else None
    install([each for each in (*STACK, *(TESTS if tests else ())) if _is_missing(each, client, images)], report)
    client = ensure_engine(settings.docker_host, machine, report)
    ensure_swarm(client, report)
    ensure_base_image(client, Images(client, machine), report)


def install(programs: Sequence[Program], report: Report, path: str | None = None) -> None:
    """Install Debian packages; what they start is not left running.

    :param path: where to look for apt-get and sudo, if not on the process's own path.
    """
    if not programs:
        return
    for program in programs:
        report(f"missing: {program.package} – {program.why}")
    packages = [program.package for program in programs]
    words = _as_root(path)
    if shutil.which("apt-get", path=path) is None or words is None:
        raise NotFound(f"not installed: {', '.join(packages)}\n  next: sudo apt-get install {' '.join(packages)}")
    report(f"installing with apt-get: {' '.join(packages)}")
    done = subprocess.run(
        [*words, "sh", str(INSTALL), *packages], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NotFound(f"apt-get could not install {' '.join(packages)}:\n  {done.stderr.strip()[-1000:]}")


def _is_missing(program: Program, client: DockerClient | None, images: Images | None) -> bool:
    if program is DOCKERD and client is not None:
        return False
    return installed(program) is None and not (program.image and images and images.obtained(program.image))


def _as_root(path: str | None) -> list[str] | None:
    """The words that make a command root's, or ``None`` when we cannot be root without a password."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo", path=path)
    if sudo is None:
        return None
    asked = subprocess.run([sudo, "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return [sudo, "-n"] if asked.returncode == 0 else None

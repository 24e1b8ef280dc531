"""``make setup``: the system's side – programs, the Docker Engine, a swarm, the examples' base image."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from domain.errors import NotFound, Unreachable
from engines.docker_api import connect
from settings import StackSettings
from stack.account import Account
from stack.base_image import ensure_base_image
from stack.engine import Report, ensure_engine, ensure_swarm
from stack.images import Images
from stack.places import Machine
from stack.programs import CHECKS, CHROMIUM, DOCKERD, STACK, TESTS, Program, how_to_get, installed, python_tool

INSTALL = Path(__file__).with_name("install.sh")


def set_up(settings: StackSettings, report: Report, *, tests: bool, account: Account | None = None) -> None:
    """Install what is missing, after saying what; start an engine where none answers. Again: nothing.

    What an engine that runs can serve from an image is not installed.

    :param tests: also what only ``make test`` needs.
    :raises NotFound: something is missing and apt is not there, or may not be used; names all of it.
    """
    machine, account = Machine(settings), account or Account.current()
    try:
        client = connect(settings.docker_host)
    except Unreachable:
        client = None
    images = Images(client, machine) if client else None
    missing = [each for each in (*STACK, *(TESTS if tests else ())) if is_missing(each, images, account.path)]
    if CHROMIUM in missing and has_snaps():
        missing.remove(CHROMIUM)
        install_chromium(report)
    install(missing, report, account)
    client = ensure_engine(settings.docker_host, machine, report, account=account)
    ensure_swarm(client, report)
    ensure_base_image(client, Images(client, machine), report)


def set_up_checks(report: Report, account: Account | None = None) -> None:
    """Install what ``onward check`` calls and is missing, after saying what. No server is started, nor asked.

    :raises NotFound: as :func:`set_up`.
    """
    account = account or Account.current()
    install([each for each in CHECKS if is_missing(each, None, account.path)], report, account)


def install(programs: Sequence[Program], report: Report, account: Account) -> None:
    """Install Debian packages; what they start is not left running.

    :raises NotFound: apt is not there, may not be used, or fails; names all that is missing.
    """
    if not programs:
        return
    for program in programs:
        report(f"missing: {program.package} – {program.why}")
    packages = list(dict.fromkeys(program.package for program in programs))
    root = account.as_root()
    if shutil.which("apt-get", path=account.path) is None or root is None:
        raise NotFound(f"not installed: {', '.join(packages)}\n  {_by_hand(programs, account)}")
    report(f"installing with apt-get: {' '.join(packages)}")
    words = [*root, "sh", str(INSTALL), *packages]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_environment(account)
    )
    if done.returncode != 0:
        raise NotFound(f"apt-get could not install {' '.join(packages)}:\n  {done.stderr.strip()[-1000:]}")


def has_snaps(release: Path = Path("/etc/os-release")) -> bool:
    """Whether this is Ubuntu, whose Chromium is a snap: shut in, so that no test can drive it."""
    return release.is_file() and "ID=ubuntu" in release.read_text().splitlines()


def install_chromium(report: Report, playwright: str = "") -> None:
    """Playwright's own Chromium, for this user, and the libraries that it needs, with apt and sudo.

    :raises NotFound: it cannot be had; the text says why.
    """
    report(f"missing: {CHROMIUM.name} – {CHROMIUM.why}\ninstalling it with Playwright")
    words = [playwright or python_tool("playwright"), "install", "--with-deps", "chromium"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-1000:]
        raise NotFound(f"Playwright could not install {CHROMIUM.name}:\n  {said}\n  next: see {CHROMIUM.page}")


def is_missing(program: Program, images: Images | None, path: str | None = None) -> bool:
    """Whether a program must be installed: it is not there, and no engine serves it.

    :param images: of the engine that answers, if one does; it is asked for images, not for itself.
    """
    if program is DOCKERD and images:
        return False
    return installed(program, path) is None and not (program.image and images and images.obtained(program.image))


def _by_hand(programs: Sequence[Program], account: Account) -> str:
    """What the person can do who has no apt, or no right to it."""
    steps = [f"next: {step}" for step in how_to_get(programs, account)]
    return "\n  ".join([*steps, "onward doctor says what is missing, and what for"])


def _environment(account: Account) -> dict[str, str]:
    return {**os.environ, "PATH": account.path} if account.path is not None else dict(os.environ)

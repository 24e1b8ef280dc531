"""The Dockerfile of the workers: what it copies and what it installs is all that a worker imports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

import pytest

from stack.workers import CODE, WORKER

ROOT = Path(__file__).parents[2]
LOCK = "deploy/requirements.lock"
PACKAGES = sysconfig.get_path("purelib")

#: Imports every module that was copied, and what telemetry imports once it is asked for; prints where all came from.
IMPORTS = """\
import json, os, pkgutil, sys
here, packages = sys.argv[1:]
sys.path[:] = [here, *sys.path, packages]
import telemetry, worker
for folder in os.listdir(here):
    for module in pkgutil.iter_modules([os.path.join(here, folder)], f"{folder}."):
        __import__(module.name)
telemetry.plugins("http://127.0.0.1:1", "test")
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file]), flush=True)
os._exit(0)
"""


def _sources() -> list[str]:
    """What the Dockerfile copies."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return [source for line in lines for source in line.split()]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A directory with only what is copied, and the files of all modules that a worker imports there."""
    directory = tmp_path_factory.mktemp("image")
    for source in _sources():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, directory / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, directory)
    # Isolated and without the site module, so that no link of an environment leads back to the repository.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORTS, str(directory), PACKAGES],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return directory, [Path(file) for file in json.loads(done.stdout)]


def test_a_worker_finds_all_of_its_code(imported: tuple[Path, list[Path]]) -> None:
    directory, files = imported

    assert directory / "worker.py" in files
    assert directory / "engines" / "swarm.py" in files
    assert [file for file in files if file.is_relative_to(ROOT) and not file.is_relative_to(PACKAGES)] == []


def test_everything_it_imports_from_others_is_locked(imported: tuple[Path, list[Path]]) -> None:
    owners = {
        Path(str(each.locate_file(file))): _plain(each.metadata["Name"])
        for each in distributions()
        for file in each.files or ()
    }
    locked = {_plain(name) for name in re.findall(r"^([\w.-]+)(?:\[.*\])?==", (ROOT / LOCK).read_text(), re.MULTILINE)}

    used = {owners[file] for file in imported[1] if file.is_relative_to(PACKAGES)}

    assert {"temporalio", "boto3", "docker", "opentelemetry-exporter-otlp-proto-grpc"} <= used
    assert used - locked == set()


def test_the_context_holds_what_is_copied_and_the_local_stack_watches_the_same_files() -> None:
    ignored, *kept = (ROOT / ".dockerignore").read_text().split()

    assert ignored == "*"
    assert {each.removeprefix("!") for each in kept if each.startswith("!")} == set(_sources())
    assert {*CODE, WORKER.name, LOCK} == set(_sources())


def _plain(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()

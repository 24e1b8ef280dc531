"""Make a git repository of PyPI's httpbin, with its own tests as the suite: a service nobody here wrote.

    python -m examples.httpbin.make_repository TARGET

Nothing of httpbin is kept beside this file. What is: how it is built, deployed and tested.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from examples.repository import commit_all

REPOSITORY = Path(__file__).with_name("repository")
APPLICATION = "httpbin"
HTTPBIN = "httpbin==0.10.4"
PIP = "pip==26.3"
TESTS = "tests/test_httpbin.py"

#: What runs on the Python of the base image: CPython 3.11 on a glibc of Debian 12 or newer.
IMAGE_PYTHON = "3.11"
IMAGE_PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def make_repository(target: Path, application: str = APPLICATION) -> str:
    """Make ``target`` a git repository with httpbin as one service in its root; the commit's SHA-1.

    :param application: under another name the edge serves it below ``/<application>``.
    :raises RuntimeError: pip cannot download; the text is pip's.
    """
    suite = target / "tests" / "integration"
    shutil.copytree(REPOSITORY, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for directory in (target, suite):
        _download_wheels(directory)
    (suite / "test_httpbin.py").write_bytes(_tests_of_httpbin())
    for file in (target / "service.yaml", target / "wsgi.py"):
        text = file.read_text().replace(f"application: {APPLICATION}\n", f"application: {application}\n")
        file.write_text(text.replace(f"/{APPLICATION}", f"/{application}"))
    return commit_all(target, "httpbin")


def _download_wheels(directory: Path) -> None:
    """Fill ``wheels/`` with what ``requirements.txt`` names, for the image's Python, and a pip."""
    platforms = [f"--platform={name}_{platform.machine()}" for name in IMAGE_PLATFORMS]
    _pip_download(
        *("--dest", str(directory / "wheels"), "--only-binary=:all:"),
        *("--implementation=cp", f"--python-version={IMAGE_PYTHON}", *platforms),
        *("--requirement", str(directory / "requirements.txt"), PIP),
    )


def _tests_of_httpbin() -> bytes:
    """The file of tests in httpbin's source distribution, as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        _pip_download("--dest", scratch, "--no-deps", "--no-binary=httpbin", HTTPBIN)
        (archive,) = Path(scratch).iterdir()
        with tarfile.open(archive) as entries:
            file = entries.extractfile(f"{archive.name.removesuffix('.tar.gz')}/{TESTS}")
            if file is None:
                raise RuntimeError(f"{archive.name} has no file {TESTS}")
            return file.read()


def _pip_download(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr.strip()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a git repository of PyPI's httpbin, and print its commit.")
    parser.add_argument("target", type=Path, help="a directory that does not exist yet")
    parser.add_argument("--application", default=APPLICATION)
    arguments = parser.parse_args()
    print(make_repository(arguments.target, arguments.application))  # noqa: T201 – the answer

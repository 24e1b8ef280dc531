"""Make a git repository of the till: a service that keeps its orders in PostgreSQL, and that PostgreSQL.

    python -m examples.till.make_repository TARGET

The driver's wheels are downloaded beside the service's code. The secrets that both need are told by
``docs/datastores.md``, the base image is made by ``python -m stack.postgres_image``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from examples.repository import commit_all

REPOSITORY = Path(__file__).with_name("repository")
APPLICATION = "till"


def make_repository(target: Path, application: str = APPLICATION) -> str:
    """Make ``target`` a git repository with both services; the commit's SHA-1.

    :param application: under another name the edge serves it below ``/<application>``.
    :raises RuntimeError: pip cannot download; the text is pip's.
    """
    shutil.copytree(REPOSITORY, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    _download_wheels(target / "orders")
    if application != APPLICATION:
        for file in target.glob("*/service.yaml"):
            text = file.read_text().replace(f"application: {APPLICATION}\n", f"application: {application}\n")
            file.write_text(text.replace("path: /orders}", f"path: /{application}/orders}}"))
    return commit_all(target, "The till")


def _download_wheels(service: Path) -> None:
    """What ``requirements.txt`` names is Python alone, for every machine."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--only-binary=:all:", "--dest", str(service / "wheels"), "--requirement", str(service / "requirements.txt")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr.strip()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a git repository of the till, and print its commit.")
    parser.add_argument("target", type=Path, help="a directory that does not exist yet")
    parser.add_argument("--application", default=APPLICATION)
    arguments = parser.parse_args()
    print(make_repository(arguments.target, arguments.application))  # noqa: T201 – the answer

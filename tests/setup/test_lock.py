"""The lock files hold what ``pyproject.toml`` asks for: an edit of one without the other is seen."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = [Requirement(each) for each in PROJECT["dependencies"]]
EXTRA = [Requirement(each) for group in PROJECT["optional-dependencies"].values() for each in group]


def pinned(path: str) -> dict[str, str]:
    """The version of each package in a lock file."""
    text = (ROOT / path).read_text()
    return {
        canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", text, re.M)
    }


LOCK, DEPLOYED = pinned("requirements.lock"), pinned("deploy/requirements.lock")


@pytest.mark.parametrize("requirement", [*NEEDED, *EXTRA], ids=str)
def test_every_requirement_is_pinned_to_a_version_that_satisfies_it(requirement: Requirement) -> None:
    version = LOCK.get(canonicalize_name(requirement.name))
    assert version, "next: make lock"
    assert requirement.specifier.contains(version), "next: make lock"


def test_workers_in_production_run_what_is_tested() -> None:
    assert DEPLOYED.items() <= LOCK.items()
    assert {canonicalize_name(each.name) for each in NEEDED} <= DEPLOYED.keys()


@pytest.mark.parametrize("path", ["requirements.lock", "deploy/requirements.lock"])
def test_every_pin_has_a_hash(path: str) -> None:
    blocks = re.split(r"^(?=\S)", (ROOT / path).read_text(), flags=re.M)
    assert [block.splitlines()[0] for block in blocks if block.strip() and "--hash=sha256:" not in block] == []

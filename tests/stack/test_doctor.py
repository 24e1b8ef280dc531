"""``doctor`` names what is missing, why it is needed, and the command that installs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import NotFound
from settings import StackSettings
from stack.doctor import diagnose
from stack.findings import Finding, Level
from stack.programs import GIT, STACK
from stack.setup import install
from tests.stack.conftest import NewStack, quiet, started


def found(settings: StackSettings, path: str | None = None) -> dict[str, Finding]:
    """The findings by their subject."""
    return {finding.subject: finding for finding in diagnose(settings, path)}


@pytest.fixture
def without_engine(tmp_path: Path) -> StackSettings:
    """A machine on which no engine answers."""
    return StackSettings(
        state_directory=tmp_path / "state",
        machine_directory=tmp_path / "machine",
        docker_host=f"unix://{tmp_path}/none.sock",
    )


def test_a_missing_program_is_named_with_its_use_and_its_package(without_engine: StackSettings, tmp_path: Path) -> None:
    findings = found(without_engine, str(tmp_path))
    git = findings["git"]
    assert git.level is Level.MISSING
    assert GIT.why in git.detail
    assert git.next.endswith(" git")
    assert findings["image registry"].next.endswith(" docker-registry")
    assert findings["Docker Engine"].level is Level.MISSING


def test_a_program_on_the_path_is_shown_with_its_version(without_engine: StackSettings, tmp_path: Path) -> None:
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\necho git version 9.9\n")
    fake.chmod(0o755)
    git = found(without_engine, str(tmp_path))["git"]
    assert (git.level, git.detail) == (Level.OK, f"{fake}: git version 9.9")


def test_without_apt_every_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        install(STACK, quiet, str(tmp_path))
    assert all(program.package in str(refused.value) for program in STACK)


@pytest.mark.server
def test_each_server_of_a_running_stack_is_asked(new_stack: NewStack) -> None:
    settings = new_stack()
    assert found(settings)["stack"].next == "onward up"
    started(settings, ("registry",))
    findings = found(settings)
    assert findings["image registry"].level is Level.OK
    assert findings["Temporal"].level is Level.MISSING
    assert findings["swarm"].level is Level.OK

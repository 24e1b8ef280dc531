"""``doctor`` names what is missing, why it is needed, and the command that installs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from settings import StackSettings
from stack.doctor import diagnose
from stack.findings import Finding, Level
from stack.images import PUBLIC
from stack.places import Machine
from stack.programs import DOCKERD, GIT, PROMETHEUS
from tests.stack.conftest import NewStack, started


def found(settings: StackSettings, path: str | None = None) -> dict[str, Finding]:
    """The findings by their subject."""
    return {finding.subject: finding for finding in diagnose(settings, path)}


def _fake(program: Path) -> Path:
    program.write_text("#!/bin/sh\necho version 9.9\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def without_engine(tmp_path: Path) -> StackSettings:
    """A machine on which no engine answers."""
    return StackSettings(
        state_directory=tmp_path / "state",
        machine_directory=tmp_path / "machine",
        docker_host=f"unix://{tmp_path}/none.sock",
    )


def test_a_missing_program_is_named_with_its_use_and_its_package(without_engine: StackSettings, tmp_path: Path) -> None:
    _fake(tmp_path / "apt-get")
    findings = found(without_engine, str(tmp_path))
    git = findings["git"]
    assert git.level is Level.MISSING
    assert GIT.why in git.detail
    assert git.next.endswith("apt-get install --no-install-recommends git")
    assert findings["image registry"].next.endswith(" docker-registry")
    assert findings["Docker Engine"].level is Level.MISSING


def test_a_program_on_the_path_is_shown_with_its_version(without_engine: StackSettings, tmp_path: Path) -> None:
    fake = _fake(tmp_path / "git")
    git = found(without_engine, str(tmp_path))["git"]
    assert (git.level, git.detail) == (Level.OK, f"{fake}: version 9.9")


def test_without_apt_the_image_is_named_or_who_makes_the_program(without_engine: StackSettings, tmp_path: Path) -> None:
    findings = found(without_engine, str(tmp_path))
    assert findings["Prometheus"].next == f"docker pull {PROMETHEUS.image}"
    assert findings["git"].next == f"see {GIT.page}"
    assert findings["Docker Engine"].next == f"see {DOCKERD.page}"
    assert not [each.subject for each in findings.values() if "apt-get" in each.next]


def test_an_engine_that_does_not_answer_is_said_with_what_it_is_for_and_what_starts_it(
    without_engine: StackSettings, tmp_path: Path
) -> None:
    _fake(tmp_path / "dockerd")
    engine = found(without_engine, str(tmp_path))["Docker Engine"]
    assert (engine.level, engine.next) == (Level.MISSING, "make setup starts it")
    assert DOCKERD.why in engine.detail
    elsewhere = without_engine.model_copy(update={"docker_host": "tcp://127.0.0.1:1"})
    assert "ONWARD_DOCKER_HOST" in found(elsewhere, str(tmp_path))["Docker Engine"].next


def test_every_fault_comes_with_what_to_do(without_engine: StackSettings, tmp_path: Path) -> None:
    findings = diagnose(without_engine, str(tmp_path))
    assert findings
    assert [each.subject for each in findings if each.level is not Level.OK and not each.next] == []


@pytest.mark.server
def test_with_an_engine_too_every_fault_comes_with_what_to_do(new_stack: NewStack, tmp_path: Path) -> None:
    settings = new_stack()
    Machine(settings).make()
    Machine(settings).failed_pulls.write_text(json.dumps({PUBLIC: f"{datetime.now(UTC).isoformat()} no route"}))
    started(settings, ("registry",))
    findings = diagnose(settings, str(tmp_path))
    assert {"Docker Hub", "Temporal", "git"} <= {each.subject for each in findings if each.level is not Level.OK}
    assert [each.subject for each in findings if each.level is not Level.OK and not each.next] == []


@pytest.mark.server
def test_each_server_of_a_running_stack_is_asked(new_stack: NewStack) -> None:
    settings = new_stack()
    assert found(settings)["stack"].next == "onward up"
    started(settings, ("registry",))
    findings = found(settings)
    assert findings["image registry"].level is Level.OK
    assert findings["Temporal"].level is Level.MISSING
    assert findings["swarm"].level is Level.OK

"""``make setup`` beside an engine that runs: what it serves is not installed; a second run finds nothing to do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docker import DockerClient

from settings import StackSettings
from stack.base_image import PYTHON_IMAGE, ensure_base_image
from stack.images import PUBLIC, Images
from stack.places import Machine
from stack.programs import ALERTMANAGER, CHROMIUM, DOCKERD, GIT, MMDEBSTRAP, PROMETHEUS, PROMTOOL, REGISTRY
from stack.setup import is_missing, set_up
from tests.setup.machine import new_machine
from tests.stack.conftest import quiet

pytestmark = pytest.mark.server


@pytest.fixture
def closed(tmp_path: Path) -> StackSettings:
    """The engine of this machine, without a registry that anything could be pulled from."""
    settings = StackSettings(state_directory=tmp_path / "state", machine_directory=tmp_path / "machine")
    Machine(settings).make()
    Machine(settings).failed_pulls.write_text(json.dumps({PUBLIC: f"{datetime.now(UTC).isoformat()} no route"}))
    return settings


def test_a_second_run_says_and_installs_nothing(closed: StackSettings, engine: DockerClient, tmp_path: Path) -> None:
    ensure_base_image(engine, Images(engine, Machine(closed)), quiet)
    machine = new_machine(tmp_path)
    machine.add_apt()
    machine.add_sudo()
    said: list[str] = []
    set_up(closed, said.append, tests=False, account=machine.account())
    wanted = (GIT, REGISTRY, PROMETHEUS, PROMTOOL, MMDEBSTRAP)
    assert said[:-1] == [f"missing: {each.package} – {each.why}" for each in wanted]
    assert said[-1] == f"installing with apt-get: {' '.join(dict.fromkeys(each.package for each in wanted))}"

    said.clear()
    asked = machine.told("sudo")
    set_up(closed, said.append, tests=False, account=machine.account())
    assert said == []
    assert machine.told("sudo") == asked


def test_nothing_is_installed_that_the_engine_serves(closed: StackSettings, engine: DockerClient) -> None:
    images, nowhere = Images(engine, Machine(closed)), "/nowhere"
    ensure_base_image(engine, images, quiet)
    assert not is_missing(DOCKERD, images, nowhere)
    assert not is_missing(replace(ALERTMANAGER, image=PYTHON_IMAGE), images, nowhere)
    assert is_missing(replace(ALERTMANAGER, image="onward.invalid/none:1"), images, nowhere)
    assert is_missing(replace(ALERTMANAGER, image=PYTHON_IMAGE), None, nowhere)
    assert is_missing(CHROMIUM, images, nowhere), "Playwright starts it itself"

"""A machine of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.setup.machine import FakeMachine, new_machine


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    """A machine with a shell and nothing else."""
    return new_machine(tmp_path)

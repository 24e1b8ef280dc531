"""The command line as a person or a CI job uses it: a process, its exit code, its output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.warm import stand_in

ONWARD = Path(sys.executable).with_name("onward")
TIMEOUT = 1200


@dataclass(frozen=True)
class Answer:
    """What one call of ``onward`` left."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return f"exit code {self.exit_code}\n{self.stdout}\n{self.stderr}"


class CommandLine:
    """``onward`` with the environment of one stack."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = {**os.environ, **environment}

    def run(self, *words: str) -> Answer:
        """Run to the end; what it said until then is in the failure if it comes to none."""
        return _ended(self.start(*words), words)

    def run_installed(self, *words: str) -> Answer:
        """As :meth:`run`, with the start that a person waits for."""
        return _ended(self.start_installed(*words), words)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Run in the background."""
        return self._started([*stand_in(), *words])

    def start_installed(self, *words: str) -> subprocess.Popen[str]:
        """As :meth:`start`, the very process that a person has."""
        return self._started([str(ONWARD), *words])

    def _started(self, command: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *words: str, exit_code: int = 0) -> Any:
        """Run with ``--json`` and give the document; the exit code must be the one expected."""
        answer = self.run(*words, "--json")
        assert answer.exit_code == exit_code, str(answer)
        return answer.document


def _ended(process: subprocess.Popen[str], words: Sequence[str]) -> Answer:
    try:
        stdout, stderr = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        said = Answer(process.returncode, *process.communicate())
        pytest.fail(f"`onward {' '.join(words)}` had not ended after {TIMEOUT} s:\n{said}")
    return Answer(process.returncode, stdout, stderr)

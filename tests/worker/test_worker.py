"""A worker that is started with the wrong keys does not start, and says which are wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from settings import inherited_environment

WORKER = Path(__file__).parents[2] / "worker.py"
KEYS = {
    "ONWARD_S3_ACCESS_KEY": "access",
    "ONWARD_S3_SECRET_KEY": "very-secret-key",
    "ONWARD_CI_DOCKER_HOST": "unix:///nowhere/ci.sock",
    "ONWARD_TRUSTED_KEYS": "/nowhere/trusted",
}


def _started(duty: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(WORKER), "--duty", duty],
        env={**inherited_environment(), "TEMPORAL_ADDRESS": "127.0.0.1:1", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("duty", "variables", "said"),
    [
        ("build", {}, "ONWARD_SIGNING_KEY"),
        ("ci", {name: key for name, key in KEYS.items() if name != "ONWARD_CI_DOCKER_HOST"}, "ONWARD_CI_DOCKER_HOST"),
        ("ci", {**KEYS, "ONWARD_PROD_DOCKER_HOST": "unix:///nowhere"}, "ONWARD_PROD_DOCKER_HOST"),
        ("ci", {**KEYS, "ONWARD_SIGNING_KEY": "/nowhere/key.pem"}, "ONWARD_SIGNING_KEY"),
        ("orchestrate", KEYS, "ONWARD_S3_ACCESS_KEY"),
        ("ci", {**KEYS, "ONWARD_SLOTS": "many"}, "slots"),
    ],
)
def test_wrong_keys_end_it_at_once_with_their_names(duty: str, variables: dict[str, str], said: str) -> None:
    done = _started(duty, **variables)

    assert done.returncode == 2, done.stderr
    assert said.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert "very-secret-key" not in done.stderr


def test_a_duty_that_there_is_not_is_wrong_usage() -> None:
    done = _started("staging")

    assert done.returncode == 2
    assert "orchestrate" in done.stderr

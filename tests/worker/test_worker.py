"""A worker that is started with the wrong keys does not start, and says which are wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.channels import Channels
from domain.identity import Duty
from domain.workflow_ids import task_queue
from settings import WorkerSettings, inherited_environment
from worker import GRACE, worker_for

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
        ("ci", {**KEYS, "ONWARD_BACKUP_BUCKET": "onward"}, "ONWARD_BACKUP_BUCKET is Onward's own bucket"),
        ("prod", {**KEYS, "ONWARD_CHANNELS": "/nowhere/channels.yaml"}, "ONWARD_CHANNELS"),
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


CI_KEYS = {**KEYS, "ONWARD_VERDICT_KEY": "/nowhere/key.pem"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "channels.yaml: cannot be read: No such file or directory"),
        ("channels: {}\n", "channels.yaml:1: channels: something else; expected a list of channels"),
        (
            'channels:\n  - urls: ["nothing://very-secret-key"]\n',
            "channels.yaml:2: channels.0.urls.0: not an Apprise URL; expected",
        ),
    ],
)
def test_a_wrong_file_of_channels_ends_it_at_once_and_says_where(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "channels.yaml"
    if text is not None:
        file.write_text(text)
    done = _started("ci", **CI_KEYS, ONWARD_CHANNELS=str(file))

    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "very-secret-key" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ONWARD_EDGE_ACME_ROOTS", "/nowhere/roots.pem", "/nowhere/roots.pem: cannot be read: No such file"),
        ("ONWARD_EDGE_DOMAIN", "shop.example.test", "ONWARD_EDGE_DOMAIN needs ONWARD_EDGE_ACME_EMAIL"),
    ],
)
def test_an_edge_that_cannot_have_its_certificate_ends_it_at_once(variable: str, value: str, said: str) -> None:
    done = _started("ci", **CI_KEYS, **{variable: value})

    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_killed_workers_workflows_wait_a_second_for_it_and_no_longer() -> None:
    temporal = Path(sys.executable).with_name("temporal")
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(temporal)) as environment:
        settings = WorkerSettings().only(Duty.ORCHESTRATE)
        worker = worker_for(Duty.ORCHESTRATE, environment.client, settings, Channels())
        config = worker.config()

    assert config["sticky_queue_schedule_to_start_timeout"] == timedelta(seconds=1)
    assert config["graceful_shutdown_timeout"] == GRACE
    assert config["task_queue"] == task_queue(Duty.ORCHESTRATE)

"""What is told of a task that ended badly."""

from __future__ import annotations

from typing import Any

import pytest

from engines.labels import deployment_labels
from engines.swarm_tasks import service_state
from tests.domain.builders import deployment


@pytest.mark.parametrize(
    ("status", "check", "told"),
    [
        (("failed", "task: non-zero exit (3)", 3), "", "task: non-zero exit (3)"),
        (("failed", "non-zero exit (137): dockerexec: unhealthy container", 137), "404", "unhealthy container: 404"),
        (("failed", "non-zero exit (9): dockerexec: unhealthy container", 9), "", "unhealthy container (exit code 9)"),
        (("complete", "", 0), "404", "unhealthy container: 404"),
        (("complete", "", 0), "", "the container ended by itself (exit code 0)"),
        (("rejected", "No such image", 0), "", "No such image (exit code 0)"),
        (("running", "", 0), "404", ""),
    ],
)  # fmt: skip
def test_why_it_ended(status: tuple[str, str, int], check: str, told: str) -> None:
    state, error, exit_code = status
    release = deployment()
    spec = {"ContainerSpec": {"Labels": deployment_labels(release), "Image": release.artifact.uri}}
    task = {
        "ID": "task",
        "Spec": spec,
        "DesiredState": "running",
        "Status": {"State": state, "Err": error, "ContainerStatus": {"ExitCode": exit_code}},
    }
    service: dict[str, Any] = {
        "Spec": {"Labels": deployment_labels(release), "TaskTemplate": spec, "Mode": {"Replicated": {"Replicas": 1}}},
        "UpdatedAt": "2026-01-02T03:04:05.123456789Z",
    }

    (seen,) = service_state(service, [task], lambda _: check).tasks

    assert seen.error == told

"""What Prometheus is to ask of an environment: a document of its file-based service discovery."""

from __future__ import annotations

import json
from collections.abc import Sequence

from domain.environment import Environment
from domain.identity import duty_of
from domain.message import Message

#: What a release is watched by is asked more often: a bake may last seconds.
BRISK = "2s"


class TargetGroup(Message):
    """Some ``host:port``, and the labels of everything that is measured there."""

    targets: tuple[str, ...]
    labels: dict[str, str]


def target_groups(environment: Environment, *, worker: str, replicas: str, edge: str) -> list[TargetGroup]:
    """The environment's worker, its replicas, its edge; each ``host:port``, or empty for what there is not."""
    brisk = {"__scrape_interval__": BRISK, "__scrape_timeout__": BRISK}
    wanted = [
        (worker, {"job": f"worker-{environment}", "duty": duty_of(environment).value}),
        (replicas, {"job": f"replicas-{environment}", **brisk}),
        (edge, {"job": f"edge-{environment}", "environment": environment.value, **brisk}),
    ]
    return [TargetGroup(targets=(address,), labels=labels) for address, labels in wanted if address]


def document(groups: Sequence[TargetGroup]) -> str:
    """The groups as Prometheus reads them from a file (``file_sd_config``)."""
    return json.dumps([group.model_dump(mode="json") for group in groups], indent=1) + "\n"

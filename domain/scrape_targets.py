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


def target_groups(
    environment: Environment, *, workers: Sequence[str], replicas: Sequence[str], edges: Sequence[str]
) -> list[TargetGroup]:
    """The environment's workers, what each of them tells of its replicas, and its edge: some ``host:port`` each."""
    brisk = {"__scrape_interval__": BRISK, "__scrape_timeout__": BRISK}
    wanted = [
        (workers, {"job": f"worker-{environment}", "duty": duty_of(environment).value}),
        (replicas, {"job": f"replicas-{environment}", **brisk}),
        (edges, {"job": f"edge-{environment}", "environment": environment.value, **brisk}),
    ]
    return [TargetGroup(targets=tuple(addresses), labels=labels) for addresses, labels in wanted if addresses]


def document(groups: Sequence[TargetGroup]) -> str:
    """The groups as Prometheus reads them from a file (``file_sd_config``)."""
    return json.dumps([group.model_dump(mode="json") for group in groups], indent=1) + "\n"

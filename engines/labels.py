"""What Onward writes on everything that it makes in a Docker Engine, and reads to know its own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from domain.deployment import Deployment
from domain.errors import ForeignResource


class Label(StrEnum):
    """The labels. ``STACK`` is on every network and service, the rest on services and their tasks."""

    STACK = "onward.stack"
    ENVIRONMENT = "onward.environment"
    APPLICATION = "onward.application"
    ROLE = "onward.role"
    KIND = "onward.kind"
    NUMBER = "onward.number"
    RELEASE = "onward.release"
    COMMIT = "onward.commit"
    MANIFEST = "onward.manifest"
    PORT = "onward.port"
    #: On the service alone: the size that was asked for, and the one to go back to after a mirror.
    REPLICAS = "onward.replicas"
    OWN_REPLICAS = "onward.own-replicas"
    #: On the service alone: short digests of all that it was asked to be.
    ASKED = "onward.asked"
    #: On the service alone, while its stack is down: how many replicas it had.
    RESTING = "onward.resting-replicas"
    #: On the record of a batch job: the rules of its runs, as JSON.
    JOB = "onward.job"
    #: Of a datastore: the version of its data.
    VERSION = "onward.datastore-version"
    #: On whatever belongs to a slice: its name, and the regression (workflow and run) that made it.
    #: A run of a batch job has its own workflow and run there.
    SLICE = "onward.slice"
    OWNER = "onward.owner"
    RUN = "onward.run"
    #: On the network of a slice that has queues or buckets.
    RESOURCES = "onward.resources"
    #: On the container of a suite: the Unix time after which nobody waits for it any more.
    FORGOTTEN_AFTER = "onward.forgotten-after"
    #: On Onward's own parts instead of the above: a digest of how the part was asked for.
    PART = "onward.part"


#: Swarm's own, on each container that it made: which service it is of, and which task.
SERVICE_ID, SERVICE_NAME = "com.docker.swarm.service.id", "com.docker.swarm.service.name"
TASK_ID = "com.docker.swarm.task.id"


def deployment_labels(deployment: Deployment) -> dict[str, str]:
    """Which release a service and each of its tasks belong to; ``MANIFEST`` is its digest."""
    datastore = deployment.definition.datastore
    version = {Label.VERSION.value: datastore.version} if datastore else {}
    return version | {
        Label.ENVIRONMENT: deployment.environment.value,
        Label.APPLICATION: deployment.service.application,
        Label.ROLE: deployment.service.role,
        Label.KIND: deployment.definition.kind.value,
        Label.NUMBER: str(deployment.number),
        Label.RELEASE: deployment.release,
        Label.COMMIT: deployment.commit,
        Label.MANIFEST: deployment.manifest.digest,
        Label.PORT: str(deployment.definition.port),
    }


def labels_of(service: Mapping[str, Any]) -> dict[str, str]:
    """What a service says of itself. Of a label that somebody took from it by hand its tasks still know.

    :param service: as ``GET /services/<name>`` answers.
    """
    spec = service["Spec"]
    return {**(spec["TaskTemplate"]["ContainerSpec"].get("Labels") or {}), **(spec["Labels"] or {})}


def require_own(labels: Mapping[str, str], stack: str, what: str, *, removal: str) -> None:
    """Let what is this stack's pass.

    :param what: the thing with its name, such as ``service prod-shop-cart``.
    :param removal: the command that removes it.
    :raises ForeignResource: another stack made it, or Onward did not.
    """
    owner = labels.get(Label.STACK)
    if owner == stack:
        return
    if owner is None:
        reason = f"{what} was not made by Onward: it has no label {Label.STACK}"
        way_on = f"if nobody needs it, remove it with `{removal}`; else rename the application or the role"
    else:
        reason = f"{what} belongs to another stack: its label {Label.STACK} is {owner}, this stack is {stack}"
        way_on = f"release from that stack, or stop it there (`onward down --purge`, `{removal}`)"
    raise ForeignResource(f"{reason}\n  next: {way_on}")

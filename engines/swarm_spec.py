"""What swarm is asked to run for a deployment: the service's whole specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.data_names import datastore_variable
from domain.deployment import Deployment
from domain.identity import url_variable
from domain.service import Kind
from engines.edge_routes import route_labels
from engines.health import healthcheck, nanoseconds
from engines.labels import deployment_labels
from engines.swarm_api import Json
from engines.swarm_data import NODE, Volume

#: Seconds in which a new task that ends badly still pauses the update. Swarm counts from when the
#: task is healthy and waits this long after the last task, so it is time in every deploy.
MONITOR = 1.0

#: Seconds between a task's bad end and its next start.
RESTART_DELAY = 1.0

#: Seconds between SIGTERM and SIGKILL.
STOP_GRACE = 10.0

#: The same for a datastore, which writes to its disk what it has in memory.
DATASTORE_STOP_GRACE = 60.0


@dataclass(frozen=True)
class Placement:
    """What a deployment needs of its swarm, by the swarm's own IDs.

    ``name``: the swarm service's own name, by which it is known on each of its networks.
    ``networks``: each network, and the further names by which the service is known there.
    ``secrets``: the name of the swarm secret and its ID, by the name in the definition.
    ``resources``: the variables by which the service finds its queues and buckets.
    ``edge_network``: the name of the network that the edge reaches the service on, if it does.
    ``datastores``: ``host:port`` by role.
    ``volume`` and ``node``: of a datastore, its data and the machine that they are on.
    """

    name: str
    labels: Mapping[str, str]
    endpoint_mode: str
    networks: Mapping[str, Sequence[str]]
    secrets: Mapping[str, tuple[str, str]]
    urls: Mapping[str, str]
    replicas: int
    resources: Mapping[str, str] = field(default_factory=dict)
    edge_network: str | None = None
    stop_grace: float = STOP_GRACE
    datastores: Mapping[str, str] = field(default_factory=dict)
    volume: Volume | None = None
    node: str = ""


def service_spec(deployment: Deployment, placement: Placement) -> Json:
    """The ``ServiceSpec`` of the Docker Engine API.

    One new task at a time, and an old one goes only when a new one is healthy; the first that
    fails pauses the update, and the old tasks that are left go on serving. A datastore is stopped first: two
    processes must not share its data.
    """
    labels = {**deployment_labels(deployment), **placement.labels}
    return {
        "Name": placement.name,
        "Labels": labels | route_labels(deployment, placement.edge_network),
        "Mode": {"Replicated": {"Replicas": placement.replicas}},
        "TaskTemplate": {
            "ContainerSpec": _container(deployment, placement, labels),
            "Networks": [
                {"Target": network, "Aliases": list(aliases)} for network, aliases in placement.networks.items()
            ],
            "RestartPolicy": {"Condition": "any", "Delay": nanoseconds(RESTART_DELAY)},
            "Placement": {"Constraints": [f"{NODE}{placement.node}"]} if placement.node else {},
        },
        "UpdateConfig": {
            "Parallelism": 1,
            "Delay": 0,
            "Order": "stop-first" if deployment.definition.kind is Kind.DATASTORE else "start-first",
            "FailureAction": "pause",
            "MaxFailureRatio": 0,
            "Monitor": nanoseconds(MONITOR),
        },
        "EndpointSpec": {"Mode": placement.endpoint_mode},
    }


def _container(deployment: Deployment, placement: Placement, labels: Mapping[str, str]) -> Json:
    definition = deployment.definition
    return {
        "Image": deployment.artifact.uri,
        "Labels": dict(labels),
        "Env": [f"{name}={value}" for name, value in sorted(_variables(deployment, placement).items())],
        "Healthcheck": healthcheck(definition.health, definition.port),
        "StopGracePeriod": nanoseconds(placement.stop_grace),
        "Mounts": [placement.volume.mount] if placement.volume else [],
        "Secrets": [
            {
                "SecretID": secret,
                "SecretName": name,
                "File": {"Name": file, "UID": "0", "GID": "0", "Mode": 0o444},
            }
            for file, (name, secret) in sorted(placement.secrets.items())
        ],
    }


def _variables(deployment: Deployment, placement: Placement) -> dict[str, str]:
    """Onward's own variables win: a ``config`` cannot make a service believe it is another.

    Those of AWS do not: who knows better where its servers are, or brings a key of its own, says so.
    """
    own = {name: value for name, value in placement.resources.items() if name.startswith("ONWARD_")}
    return {
        **placement.resources,
        **deployment.definition.config.of(deployment.environment),
        **{url_variable(role): url for role, url in placement.urls.items()},
        **own,
        **{datastore_variable(role): address for role, address in placement.datastores.items()},
        "ONWARD_ENVIRONMENT": deployment.environment.value,
        "ONWARD_APPLICATION": deployment.service.application,
        "ONWARD_ROLE": deployment.service.role,
    }

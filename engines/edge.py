"""The edge of an environment: Traefik as a swarm service, on two ports of every manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic

from docker import DockerClient

from domain.artifact import canonical_json, digest_of
from domain.bootstrap import Present
from domain.environment import Environment
from domain.errors import DeployHalted, NotFound
from domain.identity import acme_roots, certificates_volume, edge_name, edge_network
from engines.edge_routes import UNROUTED
from engines.edge_tls import TLS_PORT, EdgeTls, certificates_mount, roots_file
from engines.health import nanoseconds
from engines.labels import Label
from engines.swarm_api import Json, SwarmServices
from engines.swarm_configs import SwarmConfigs
from engines.swarm_drift import drift_of, noted
from engines.swarm_networks import ensure_network, network_id

WEB_PORT = 8000
METRICS_PORT = 8001
SOCKET = "/var/run/docker.sock"

#: Seconds between two looks at the swarm and at the sites. A task that is about to end is still
#: sent requests for so long; those that it does not take are sent to another one.
REFRESH = 1

#: Seconds in which an edge is up, its image pulled before, and between two looks at it.
PATIENCE = 180.0
POLL = 0.2


@dataclass(frozen=True)
class EdgeRun:
    """How an edge is to run.

    :param image: a reference, or the ID of an image that the engine has.
    :param site_provider_url: where the routes of sites are read, as containers reach it.
    :param tls: how certificates are had; plain HTTP alone without.
    """

    image: str
    port: int
    metrics_port: int
    site_provider_url: str | None = None
    tls: EdgeTls | None = None

    def reading(self, site_provider_url: str) -> EdgeRun:
        """The same edge, with the routes of sites from there."""
        return replace(self, site_provider_url=site_provider_url)


class EdgeProxy:
    """The edge proxies of one stack, one per environment.

    ``/ping`` and ``/metrics`` answer on the metrics port; the access log goes to the service's
    output. Swarm publishes both ports on every address of the machine.
    """

    def __init__(self, client: DockerClient, stack: str) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._configs = SwarmConfigs(client, stack)
        self._stack = stack

    def ensure(self, environment: Environment, run: EdgeRun) -> None:
        """Have the edge run as described; what already does is not touched.

        Only one process can hold the ports, so that another image or port means a second without edge.

        :raises ForeignResource: the edge's name is taken by something that is not this stack's.
        """
        ensure_network(self._client, edge_network(self._stack, environment), self._stack)
        spec, current = self._spec(environment, run), self._current(environment)
        files = spec["TaskTemplate"]["ContainerSpec"].get("Configs", [])
        if current is None or not _is_as_asked(current, spec):
            for file in files:
                file["ConfigID"] = self._configs.ensure(file["ConfigName"], run.tls.roots if run.tls else "")
            if current is None:
                self._services.create(noted(spec))
            else:
                self._services.update(current, noted(spec))
        self._configs.forget(acme_roots(self._stack, environment), but=[file["ConfigName"] for file in files])

    def present(self, environment: Environment, run: EdgeRun) -> Present:
        """``RIGHT`` is an edge that is as described, changed by nobody, and up."""
        current = self._current(environment)
        if current is None:
            return Present.MISSING
        right = _is_as_asked(current, self._spec(environment, run)) and self._is_up(current)
        return Present.RIGHT if right else Present.OTHER

    def until_up(self, environment: Environment, wait: Callable[[float], None]) -> None:
        """Wait until the edge is up.

        :param wait: sleeps for some seconds, and may raise.
        :raises DeployHalted: it is not in three minutes; says why.
        """
        end, name = monotonic() + PATIENCE, edge_name(self._stack, environment)
        while (current := self._current(environment)) is None or not self._is_up(current):
            if monotonic() > end:
                tasks = self._services.tasks([current])[current["ID"]] if current else []
                raise DeployHalted(f"{name} is not up: {_why(tasks)}\n  next: docker service ps {name}")
            wait(POLL)

    def _is_up(self, current: Json) -> bool:
        """Whether a task of the specification that is there runs, and is to."""
        tasks = self._services.tasks([current])[current["ID"]]
        running = [task for task in tasks if task["DesiredState"] == task["Status"]["State"] == "running"]
        return any(_is_of(task, current["Spec"]) for task in running)

    def _current(self, environment: Environment) -> Json | None:
        return self._services.own(self._stack, edge_name(self._stack, environment))

    def remove(self, environment: Environment) -> None:
        """Stop the edge; its network stays as long as services are on it. A second call does nothing."""
        with suppress(NotFound):
            self._services.remove(edge_name(self._stack, environment))
        self._configs.forget(acme_roots(self._stack, environment))

    def _spec(self, environment: Environment, run: EdgeRun) -> Json:
        published = {WEB_PORT: run.port, METRICS_PORT: run.metrics_port} | ({TLS_PORT: run.tls.port} if run.tls else {})
        network = edge_network(self._stack, environment)
        template = {
            "ContainerSpec": self._container(environment, run),
            # By its ID, which swarm puts in the place of a name.
            "Networks": [{"Target": network_id(self._client, network, self._stack) or network}],
            "Placement": {"Constraints": ["node.role==manager"]},
            "RestartPolicy": {"Condition": "any", "Delay": nanoseconds(1)},
        }
        endpoint = {
            "Mode": "dnsrr",
            "Ports": [
                {"Protocol": "tcp", "TargetPort": target, "PublishedPort": port, "PublishMode": "host"}
                for target, port in published.items()
            ],
        }
        digest = digest_of(canonical_json({"template": template, "endpoint": endpoint, "labels": UNROUTED}))
        return {
            "Name": edge_name(self._stack, environment),
            "Labels": {Label.STACK: self._stack, Label.PART: digest, Label.REPLICAS: "1", **UNROUTED},
            "Mode": {"Replicated": {"Replicas": 1}},
            "TaskTemplate": template,
            "UpdateConfig": {"Parallelism": 1, "Order": "stop-first", "FailureAction": "pause"},
            "EndpointSpec": endpoint,
        }

    def _container(self, environment: Environment, run: EdgeRun) -> Json:
        """What runs; of the file with the ACME server's roots only the name, as nothing is made here."""
        container: Json = {
            "Image": run.image,
            "Args": edge_arguments(self._stack, environment, run.site_provider_url),
            "Mounts": [{"Type": "bind", "Source": SOCKET, "Target": SOCKET, "ReadOnly": True}],
            "Labels": {Label.STACK: self._stack},
        }
        if run.tls:
            container["Args"] += run.tls.arguments()
            container["Mounts"] += [certificates_mount(certificates_volume(self._stack, environment), self._stack)]
            if run.tls.roots:
                container["Configs"] = [roots_file(acme_roots(self._stack, environment), run.tls.roots)]
        return container


def _is_of(task: Json, spec: Json) -> bool:
    """Whether a task is of a service's specification, and not of one before."""
    template, there = spec["TaskTemplate"], task["Status"].get("PortStatus", {}).get("Ports") or []
    published = {port["PublishedPort"] for port in spec["EndpointSpec"]["Ports"]}
    return (
        task["Spec"]["ContainerSpec"] == template["ContainerSpec"]
        and task["Spec"].get("Networks") == template["Networks"]
        and {port["PublishedPort"] for port in there} == published
    )


def _why(tasks: Sequence[Json]) -> str:
    """The newest reason that a task gives; the replacement that swarm has made of it gives none."""
    reasons = [str(task["Status"]["Err"]) for task in tasks if task["Status"].get("Err")]
    return reasons[-1] if reasons else tasks[-1]["Status"]["State"] if tasks else "it has no task"


def _is_as_asked(current: Json, spec: Json) -> bool:
    """Whether a service was last asked to be this, and nobody has changed it since."""
    asked = current["Spec"]["Labels"].get(Label.PART) == spec["Labels"][Label.PART]
    return asked and not drift_of(current)


def edge_arguments(stack: str, environment: Environment, site_provider_url: str | None) -> list[str]:
    """What the edge of an environment is started with."""
    wanted = {Label.STACK: stack, Label.ENVIRONMENT: environment.value}
    constraints = " && ".join(f"Label(`{label}`, `{value}`)" for label, value in wanted.items())
    arguments = [
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
        f"--entryPoints.web.address=:{WEB_PORT}",
        f"--entryPoints.metrics.address=:{METRICS_PORT}",
        "--ping.entryPoint=metrics",
        "--metrics.prometheus.entryPoint=metrics",
        "--metrics.prometheus.addServicesLabels=true",
        "--accessLog=true",
        "--accessLog.format=json",
        "--providers.providersThrottleDuration=100ms",
        f"--providers.swarm.endpoint=unix://{SOCKET}",
        f"--providers.swarm.refreshSeconds={REFRESH}",
        "--providers.swarm.exposedByDefault=false",
        f"--providers.swarm.network={edge_network(stack, environment)}",
        f"--providers.swarm.constraints={constraints}",
        # A task that is gone leaves an address that nobody answers for.
        "--serversTransport.forwardingTimeouts.dialTimeout=500ms",
    ]
    if site_provider_url:
        arguments += [f"--providers.http.endpoint={site_provider_url}", f"--providers.http.pollInterval={REFRESH}s"]
    return arguments

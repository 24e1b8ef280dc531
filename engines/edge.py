"""The edge of an environment: Traefik as a swarm service, on two ports of every manager."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

from docker import DockerClient
from docker.errors import BuildError

from domain.artifact import canonical_json, digest_of
from domain.environment import Environment
from domain.errors import BuildFailed, NotFound
from domain.identity import certificates_volume, edge_name, edge_network
from engines.docker_api import address_of, translated
from engines.edge_tls import TLS_PORT, EdgeTls, certificates_mount
from engines.health import nanoseconds
from engines.labels import Label, require_own
from engines.swarm_api import Json, SwarmServices
from engines.swarm_networks import ensure_network

WEB_PORT = 8000
METRICS_PORT = 8001
SOCKET = "/var/run/docker.sock"
IMAGE_REPOSITORY = "onward-edge/traefik"
DOCKERFILE = b'FROM scratch\nCOPY traefik /traefik\nENTRYPOINT ["/traefik"]\n'

#: Seconds between two looks at the swarm and at the sites. A task that is about to end is still
#: sent requests for so long; those that it does not take are sent to another one.
REFRESH = 1


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
        self._stack = stack

    def ensure(self, environment: Environment, run: EdgeRun) -> None:
        """Have the edge run as described; what already does is not touched.

        Only one process can hold the ports, so that another image or port means a second without edge.

        :raises ForeignResource: the edge's name is taken by something that is not this stack's.
        """
        ensure_network(self._client, edge_network(self._stack, environment), self._stack)
        spec, current = self._spec(environment, run), self._current(environment)
        if current is None:
            self._services.create(spec)
        elif current["Spec"]["Labels"].get(Label.PART) != spec["Labels"][Label.PART]:
            self._services.update(current, spec)

    def is_there(self, environment: Environment) -> bool:
        """Whether there is an edge, however it runs."""
        return self._current(environment) is not None

    def runs(self, environment: Environment, run: EdgeRun) -> bool:
        """Whether the edge was last asked to run as described."""
        current = self._current(environment)
        wanted = self._spec(environment, run)["Labels"][Label.PART]
        return current is not None and current["Spec"]["Labels"].get(Label.PART) == wanted

    def _current(self, environment: Environment) -> Json | None:
        name = edge_name(self._stack, environment)
        current = self._services.find(name)
        if current is not None:
            labels = current["Spec"]["Labels"] or {}
            require_own(labels, self._stack, f"service {name}", removal=f"docker service rm {name}")
        return current

    def remove(self, environment: Environment) -> None:
        """Stop the edge; its network stays as long as services are on it. A second call does nothing."""
        try:
            self._services.remove(edge_name(self._stack, environment))
        except NotFound:
            return

    def _spec(self, environment: Environment, run: EdgeRun) -> Json:
        network, tls = edge_network(self._stack, environment), run.tls
        published = {WEB_PORT: run.port, METRICS_PORT: run.metrics_port, **({TLS_PORT: tls.port} if tls else {})}
        volumes = [certificates_mount(certificates_volume(self._stack, environment), self._stack)] if tls else []
        arguments = edge_arguments(self._stack, environment, run.site_provider_url)
        template = {
            "ContainerSpec": {
                "Image": run.image,
                "Args": [*arguments, *(tls.arguments() if tls else [])],
                "Mounts": [{"Type": "bind", "Source": SOCKET, "Target": SOCKET, "ReadOnly": True}, *volumes],
                "Labels": {Label.STACK: self._stack},
            },
            "Networks": [{"Target": network}],
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
        digest = digest_of(canonical_json({"template": template, "endpoint": endpoint}))
        return {
            "Name": edge_name(self._stack, environment),
            "Labels": {Label.STACK: self._stack, Label.PART: digest},
            "Mode": {"Replicated": {"Replicas": 1}},
            "TaskTemplate": template,
            "UpdateConfig": {"Parallelism": 1, "Order": "stop-first", "FailureAction": "pause"},
            "EndpointSpec": endpoint,
        }


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


def build_edge_image(client: DockerClient, traefik_binary: Path) -> str:
    """The ID of an image of nothing but the static binary; made once for each binary.

    For engines that cannot pull ``traefik``. Swarm runs an image ID without asking any registry,
    on the machine that has it.

    :raises BuildFailed: the engine cannot make it.
    """
    with traefik_binary.open("rb") as content:
        tag = f"{IMAGE_REPOSITORY}:{hashlib.file_digest(content, 'sha256').hexdigest()[:12]}"
    try:
        with translated(address_of(client)):
            return str(client.images.get(tag).id)
    except NotFound:
        pass
    try:
        with translated(address_of(client)), io.BytesIO() as context:
            with tarfile.open(fileobj=context, mode="w") as archive:
                dockerfile = tarfile.TarInfo("Dockerfile")
                dockerfile.size = len(DOCKERFILE)
                archive.addfile(dockerfile, io.BytesIO(DOCKERFILE))
                archive.add(traefik_binary, "traefik")
            context.seek(0)
            image, _ = client.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
    except BuildError as error:
        raise BuildFailed(f"the edge's image of {traefik_binary}: {error}") from error
    return str(image.id)

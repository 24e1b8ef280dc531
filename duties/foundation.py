"""What an environment needs below its services: where it is, and how its edge is to run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from docker import DockerClient

from domain.environment import Environment
from domain.identity import edge_bucket
from domain.scrape_targets import target_groups
from duties.parts import backup_store, site_bucket
from engines.edge import EdgeRun
from engines.edge_tls import EdgeTls, read_roots
from engines.prometheus_targets import PrometheusTargets
from engines.site_routes import SiteRoutes
from engines.swarm_foundation import SwarmFoundation
from settings import EdgeSettings, WorkerSettings
from stores.s3_client import PATIENT


def foundation(settings: WorkerSettings, environment: Environment, client: DockerClient) -> SwarmFoundation:
    """What the environment needs below its services; an edge only when it is said which image it is."""
    routes = SiteRoutes(site_bucket(settings, PATIENT, edge_bucket(settings.stack, environment)), settings.stack)
    edge = edge_run(settings.edge) if settings.edge.image else None
    targets = prometheus_targets(settings, environment)
    return SwarmFoundation(client, settings.stack, edge, routes, backup_store(settings), targets)


def prometheus_targets(settings: WorkerSettings, environment: Environment) -> PrometheusTargets | None:
    """What Prometheus is to ask of the environment, if it is said where that is written."""
    if settings.rules_directory == Path():
        return None
    groups = target_groups(
        environment,
        workers=_addresses(settings.metrics_addresses or settings.metrics_address),
        replicas=_addresses(settings.exporter_addresses or settings.exporter_address),
        edges=_addresses(settings.edge.metrics_address),
    )
    return PrometheusTargets(settings.rules_directory, environment, groups, settings.prometheus_url)


def _addresses(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def refuse_wrong_roots(settings: WorkerSettings) -> None:
    """:raises InvalidInput: the file by which the edge is to know its ACME server cannot be read."""
    read_roots(settings.edge.acme_roots)


def edge_run(settings: EdgeSettings) -> EdgeRun:
    """An edge with TLS when it is said for which domain, and who answers for it."""
    run = EdgeRun(settings.image, settings.port, settings.metrics_port)
    if not settings.domain:
        return run
    roots = read_roots(settings.acme_roots)
    tls = EdgeTls(settings.domain, settings.acme_email, settings.acme_server, settings.tls_port, roots)
    return replace(run, tls=tls)

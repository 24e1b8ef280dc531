"""Routes of an environment's edge: which path leads to which service."""

from __future__ import annotations

from domain.deployment import Deployment

#: Tries of one request that got no answer. One that may have changed something (POST, PATCH) and was read by a
#: server is not tried again, so that nothing happens twice.
ATTEMPTS = 4

#: Of what has no route. At each of its looks an edge asks for the tasks of every service of the swarm, and for the node
#: of each – but not of one that says that swarm balances it, which it leaves out (pkg/provider/docker/pswarm.go of
#: Traefik 3.7). Of one with the endpoint mode ``dnsrr`` it warns then; its log begins at errors.
UNROUTED = {"traefik.swarm.lbswarm": "true"}


def path_rule(path: str) -> str:
    """The rule of a router for a path and everything below it; ``/cart`` is not ``/cartoon``."""
    stem = path.rstrip("/")
    return f"Path(`{stem}`) || PathPrefix(`{stem}/`)" if stem else "PathPrefix(`/`)"


def path_priority(path: str) -> int:
    """The longer path wins; 0 would mean Traefik's own order."""
    return len(path.rstrip("/")) + 1


def route_labels(deployment: Deployment, network: str | None) -> dict[str, str]:
    """The labels with which a service asks the edge for its path; without an ingress, or an edge that reaches it,
    :data:`UNROUTED`.

    Swarm's own check says which tasks are up; the edge's check notices one that stopped
    answering before swarm does. A command as health check says nothing to a proxy.
    """
    definition = deployment.definition
    if network is None or definition.ingress is None:
        return dict(UNROUTED)
    router, service, retry = (
        f"traefik.http.{part}.{deployment.name}" for part in ("routers", "services", "middlewares")
    )
    labels = {
        "traefik.enable": "true",
        "traefik.swarm.network": network,
        f"{router}.rule": path_rule(definition.ingress.path),
        f"{router}.priority": str(path_priority(definition.ingress.path)),
        f"{router}.service": deployment.name,
        f"{router}.middlewares": deployment.name,
        f"{retry}.retry.attempts": str(ATTEMPTS),
        f"{retry}.retry.initialinterval": "50ms",
        f"{retry}.retry.status": "502",
        f"{service}.loadbalancer.server.port": str(definition.port),
    }
    if definition.health.command is None:
        labels |= {
            f"{service}.loadbalancer.healthcheck.path": definition.health.path,
            f"{service}.loadbalancer.healthcheck.interval": "1s",
            f"{service}.loadbalancer.healthcheck.timeout": "2s",
        }
    return labels

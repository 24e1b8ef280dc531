"""What a swarm must have before services come to it: networks, buckets, the edge, Prometheus' targets."""

from __future__ import annotations

from collections.abc import Sequence

from docker import DockerClient

from domain.bootstrap import EnvironmentPart, Present
from domain.environment import Environment
from domain.identity import edge_bucket, edge_name, edge_network
from domain.progress import Progress
from domain.storage import OwnBucket
from engines.edge import EdgeProxy, EdgeRun
from engines.prometheus_targets import PrometheusTargets
from engines.site_routes import SiteRoutes
from engines.swarm_networks import ensure_network, network_id


class SwarmFoundation:
    """A :class:`domain.bootstrap.Foundation`.

    :param edge: how the edge is to run, but for where it reads the routes of sites; ``None`` leaves it to others.
    :param routes: the routes of the environment's sites.
    :param backups: the bucket of the environment's backups, if it is told of one.
    :param targets: what Prometheus is to ask, if it is told where that is written.
    """

    def __init__(
        self,
        client: DockerClient,
        stack: str,
        edge: EdgeRun | None,
        routes: SiteRoutes,
        backups: OwnBucket | None = None,
        targets: PrometheusTargets | None = None,
    ) -> None:
        self._client = client
        self._stack = stack
        self._edge = edge
        self._routes = routes
        self._backups = backups
        self._targets = targets
        self._proxy = EdgeProxy(client, stack)

    @property
    def has_edge(self) -> bool:
        """Whether this Onward runs the edge."""
        return self._edge is not None

    def parts(self, environment: Environment, networks: Sequence[str]) -> list[EnvironmentPart]:
        """What is there; an edge that runs in another way than it should is ``other``."""
        found = [
            _part("network", name, there=network_id(self._client, name, self._stack) is not None)
            for name in (*networks, edge_network(self._stack, environment))
        ]
        found.append(_part("site routes", edge_bucket(self._stack, environment), there=self._routes.exist()))
        if self._backups:
            found.append(_part("backups", self._backups.bucket, there=self._backups.is_there()))
        if self._edge:
            present = self._proxy.present(environment, self._edge.reading(self._routes.url))
            found.append(EnvironmentPart(kind="edge", name=edge_name(self._stack, environment), present=present))
        if self._targets:
            present = self._targets.present()
            found.append(EnvironmentPart(kind="Prometheus targets", name=self._targets.name, present=present))
        return found

    def lay(self, environment: Environment, networks: Sequence[str], progress: Progress) -> None:
        """Each part is made by a call that finds what an earlier one made."""
        for name in (*networks, edge_network(self._stack, environment)):
            ensure_network(self._client, name, self._stack)
        url = self._routes.ensure()
        if self._backups:
            self._backups.ensure_bucket()
        if self._edge:
            self._proxy.ensure(environment, self._edge.reading(url))
        if self._targets:
            self._targets.ensure()
        if self._edge:
            progress.say("waiting for the edge")
            self._proxy.until_up(environment, progress.wait)


def _part(kind: str, name: str, *, there: bool) -> EnvironmentPart:
    return EnvironmentPart(kind=kind, name=name, present=Present.RIGHT if there else Present.MISSING)

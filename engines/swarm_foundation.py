"""What a swarm must have before services come to it: networks, the routes of sites, the edge."""

from __future__ import annotations

from collections.abc import Sequence

from docker import DockerClient

from domain.bootstrap import EnvironmentPart, Present
from domain.environment import Environment
from domain.identity import edge_bucket, edge_name, edge_network
from engines.edge import EdgeProxy, EdgeRun
from engines.site_routes import SiteRoutes
from engines.swarm_networks import ensure_network, network_id


class SwarmFoundation:
    """A :class:`domain.bootstrap.Foundation`.

    :param edge: how the edge is to run, but for where it reads the routes of sites; ``None`` leaves it to others.
    :param routes: the routes of the environment's sites.
    """

    def __init__(self, client: DockerClient, stack: str, edge: EdgeRun | None, routes: SiteRoutes) -> None:
        self._client = client
        self._stack = stack
        self._edge = edge
        self._routes = routes
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
        if self._edge:
            run = self._edge.reading(self._routes.url)
            present = Present.OTHER if self._proxy.is_there(environment) else Present.MISSING
            right = self._proxy.runs(environment, run)
            name = edge_name(self._stack, environment)
            found.append(EnvironmentPart(kind="edge", name=name, present=Present.RIGHT if right else present))
        return found

    def lay(self, environment: Environment, networks: Sequence[str]) -> None:
        """Each part is made by a call that finds what an earlier one made."""
        for name in (*networks, edge_network(self._stack, environment)):
            ensure_network(self._client, name, self._stack)
        url = self._routes.ensure()
        if self._edge:
            self._proxy.ensure(environment, self._edge.reading(url))


def _part(kind: str, name: str, *, there: bool) -> EnvironmentPart:
    return EnvironmentPart(kind=kind, name=name, present=Present.RIGHT if there else Present.MISSING)

"""``onward up``: everything that is missing gets started; what runs already stays as it is."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from engines.docker_api import address_of
from settings import StackSettings
from stack import edges, environment, ports, servers
from stack.access import ensure_access
from stack.assembly import EVERYTHING, supervised
from stack.base_image import ensure_base_image
from stack.credentials import Credentials
from stack.engine import Report, bridge_gateway, ensure_engine, ensure_swarm
from stack.images import Images
from stack.parts import Condition, Part, PartState, Port
from stack.places import Machine, StateDirectory, locked
from stack.services import DeployedServices, remove_abandoned
from stack.supervision import Supervisor
from stack.waiting import until_it_answers
from stack.workers import client_variables


def up(settings: StackSettings, report: Report, only: Collection[str] = EVERYTHING) -> list[PartState]:
    """Bring the stack up and wait until each part answers.

    A second call finds everything there and only asks. A crash in the middle leaves what was
    started; the next call goes on from there.

    :param report: gets one line for each thing worth telling while it happens.
    :param only: the parts to run, by name; supervised ones that are not among them are stopped.
    :raises InvalidInput: a port is taken; nothing was started.
    :raises NotFound: a program is missing and cannot be had as an image.
    :raises Unreachable: a part did not answer in time; the text ends with its log.
    """
    directory, machine = StateDirectory(settings), Machine(settings)
    directory.make()
    with closing(ensure_engine(settings.docker_host, machine, report)) as client:
        ensure_swarm(client, report)
        with locked(directory.root):
            machine.remember(settings)
            remove_abandoned(client, machine, report)
            rows = _Start(settings, directory, client, Images(client, machine), report).run(only)
            environment.write(directory, client_variables(settings))
        engine = PartState("engine", "Docker Engine", Condition.RUNNING, address_of(client), "swarm")
    return [engine, *rows]


class _Start:
    """One call of ``up``, once there is an engine."""

    def __init__(
        self, settings: StackSettings, directory: StateDirectory, client: DockerClient, images: Images, report: Report
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._client = client
        self._images = images
        self._report = report
        self._supervisor = Supervisor(directory)
        self._services = DeployedServices(client, settings.name)
        self._gateway = bridge_gateway(client)
        self._credentials = Credentials(directory.keys, settings.name, servers.BUCKET)

    def run(self, only: Collection[str]) -> list[PartState]:
        """Everything at the same time; only the edges wait, for S3, where they read routes."""
        self._credentials.make()
        ensure_access(self._client, self._credentials, self._settings.name)
        edged = [each for each in ENVIRONMENTS if edges.edge_part(each) in only]
        image = edges.ensure_image(self._client, self._images, self._report) if edged else ""
        parts = supervised(self._settings, self._directory, self._credentials, self._images, self._gateway, only, image)
        self._refuse_taken_ports(parts, edged)
        started = self._supervisor.apply(parts)
        ports.remember((port for part in parts for port in part.ports), self._directory.ports)
        with ThreadPoolExecutor(len(parts) + 4) as pool:
            waits = {part.name: pool.submit(self._until_running, part, part.name in started) for part in parts}
            base = pool.submit(ensure_base_image, self._client, self._images, self._report)
            if edged:
                self._ensure_edges(image, waits.get("s3"))
            fronts = [pool.submit(edges.until_edge_answers, self._settings, each) for each in edged]
            woken = self._services.wake()
        if woken:
            self._report(f"running again: {', '.join(woken)}")
        base.result()
        return [wait.result() for wait in (*waits.values(), *fronts)]

    def _refuse_taken_ports(self, parts: Collection[Part], edged: Collection[Environment]) -> None:
        self._supervisor.end_orphans()
        own = self._services.published_ports()
        if self._supervisor.is_running():
            own |= ports.remembered(self._directory.ports)
        wanted: list[tuple[str, Port]] = [(part.title, port) for part in parts for port in part.ports]
        for each in edged:
            wanted += [(f"the edge of {each}", port) for port in edges.edge_ports(self._settings, each)]
        ports.refuse_taken(wanted, own)

    def _until_running(self, part: Part, started: bool) -> PartState:
        until_it_answers(
            part.title,
            part.address,
            part.probe,
            part.patience,
            given_up=lambda: self._supervisor.has_given_up(part.name),
            log_tail=lambda: self._directory.log_tail(part.name),
        )
        return PartState(part.name, part.title, Condition.STARTED if started else Condition.RUNNING, part.address)

    def _ensure_edges(self, image: str, s3: Future[PartState] | None) -> None:
        routes: dict[Environment, str] = {}
        if s3:
            s3.result()
            routes = edges.ensure_routes(self._settings, self._credentials, self._gateway)
        edges.ensure_edges(self._settings, self._client, image, routes)

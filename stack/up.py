"""``onward up``: everything that is missing gets started; what runs already stays as it is."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor

from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from engines.docker_api import address_of
from settings import StackSettings
from stack import environment, ports
from stack.assembly import EVERYTHING, supervised
from stack.base_image import ensure_base_image
from stack.edges import edge_part, edge_ports, ensure_edges, until_edge_answers
from stack.engine import Report, bridge_gateway, ensure_engine, ensure_swarm
from stack.images import Images
from stack.parts import Condition, Part, PartState, Port
from stack.places import Machine, StateDirectory, locked
from stack.servers import s3_endpoint
from stack.services import DeployedServices, remove_abandoned
from stack.supervision import Supervisor
from stack.waiting import until_it_answers


def up(settings: StackSettings, report: Report, only: Collection[str] = EVERYTHING) -> list[PartState]:
    """Bring the stack up and wait until each part answers.

    A second call finds everything there and only asks. A crash in the middle leaves what was
    started; the next call goes on from there.

    :param report: gets one line for each thing worth telling while it happens.
    :param only: the parts to run, by name; all others are stopped.
    :raises InvalidInput: a port is taken; nothing was started.
    :raises NotFound: a program is missing and cannot be had as an image.
    :raises Unreachable: a part did not answer in time; the text ends with its log.
    """
    directory, machine = StateDirectory(settings), Machine(settings)
    directory.make()
    client = ensure_engine(settings.docker_host, machine, report)
    ensure_swarm(client, report)
    with locked(directory.root):
        machine.remember(settings)
        remove_abandoned(client, machine, report)
        return _started(settings, directory, client, Images(client, machine), report, only)


def _started(
    settings: StackSettings,
    directory: StateDirectory,
    client: DockerClient,
    images: Images,
    report: Report,
    only: Collection[str],
) -> list[PartState]:
    supervisor, services = Supervisor(directory), DeployedServices(client, settings.name)
    gateway = bridge_gateway(client)
    parts = supervised(settings, directory, images, gateway, only)
    edges = [each for each in ENVIRONMENTS if edge_part(each) in only]
    supervisor.end_orphans()
    own = services.published_ports() | (ports.remembered(directory.ports) if supervisor.is_running() else frozenset())
    ports.refuse_taken(_owned_ports(settings, parts, edges), own)
    started = supervisor.apply(parts)
    ports.remember((port for part in parts for port in part.ports), directory.ports)
    with ThreadPoolExecutor(len(parts) + len(edges) + 2) as pool:
        waits = [pool.submit(_until_running, supervisor, directory, part, part.name in started) for part in parts]
        base = pool.submit(ensure_base_image, client, images, report)
        if edges:
            ensure_edges(settings, client, images, s3_endpoint(settings, gateway), report)
        waits += [pool.submit(until_edge_answers, settings, each) for each in edges]
        woken = services.wake()
    rows = _results(waits)
    base.result()
    if woken:
        report(f"running again: {', '.join(woken)}")
    environment.write(settings, directory)
    engine = PartState("engine", "Docker Engine", Condition.RUNNING, address_of(client), "swarm")
    return [engine, *rows]


def _until_running(supervisor: Supervisor, directory: StateDirectory, part: Part, started: bool) -> PartState:
    until_it_answers(
        part.title,
        part.address,
        part.probe,
        part.patience,
        given_up=lambda: supervisor.has_given_up(part.name),
        log_tail=lambda: directory.log_tail(part.name),
    )
    return PartState(part.name, part.title, Condition.STARTED if started else Condition.RUNNING, part.address)


def _owned_ports(
    settings: StackSettings, parts: Collection[Part], edges: Collection[Environment]
) -> list[tuple[str, Port]]:
    ours = [(part.title, port) for part in parts for port in part.ports]
    return ours + [(f"the edge of {each}", port) for each in edges for port in edge_ports(settings, each)]


def _results(waits: Collection[Future[PartState]]) -> list[PartState]:
    """All rows, or the first fault."""
    return [wait.result() for wait in waits]

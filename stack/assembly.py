"""All supervised parts of a stack, from its settings."""

from __future__ import annotations

from collections.abc import Callable, Collection

from domain.environment import ENVIRONMENTS
from domain.identity import Duty
from settings import StackSettings
from stack import servers
from stack.credentials import Credentials
from stack.edges import edge_part
from stack.images import Images
from stack.parts import Part
from stack.places import StateDirectory
from stack.prometheus import prometheus
from stack.queues import queues
from stack.supervision import Supervisor
from stack.workers import worker

SERVERS = ("temporal", "s3", "queues", "registry", "prometheus")
WORKERS = tuple(f"worker-{duty}" for duty in Duty)
EDGES = tuple(edge_part(environment) for environment in ENVIRONMENTS)
EVERYTHING: Collection[str] = (*SERVERS, *WORKERS, *EDGES)


def supervised(
    settings: StackSettings,
    directory: StateDirectory,
    credentials: Credentials,
    images: Images,
    gateway: str,
    only: Collection[str],
    edge_image: str = "",
) -> list[Part]:
    """The supervised parts among ``only``, in the order in which they are shown.

    :param gateway: the address under which this machine and its containers reach S3.
    :param edge_image: what the edges run; empty when there are none.
    :raises NotFound: a server's program is neither installed nor to be had as an image.
    """
    pid = Supervisor(directory).pid
    make: dict[str, Callable[[], Part]] = {
        "temporal": lambda: servers.temporal(settings, directory),
        "s3": lambda: servers.s3(settings, directory, credentials, gateway),
        "queues": lambda: queues(settings, directory, gateway),
        "registry": lambda: servers.registry(settings, directory, images),
        "prometheus": lambda: prometheus(settings, directory, images),
    }
    parts = [build() for name, build in make.items() if name in only]
    workers = [worker(settings, directory, credentials, gateway, duty, pid, edge_image) for duty in Duty]
    return parts + [each for each in workers if each.name in only]

"""A stack beside others: every port is one that nobody listens on now."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

from domain.environment import Environment
from domain.errors import NotFound
from domain.identity import Duty
from settings import StackSettings
from stack.servers import ADMIN_GRPC_OFFSET

#: Below the range from which the kernel takes ports for outgoing connections, so that none is taken by chance
#: before its part listens; also those above them that SeaweedFS takes.
PORTS = range(12_000, 22_000)

#: Settings that are the first of several ports in a row, and how many.
SPANS = {"worker_metrics_port": len(Duty), "exporter_port": len(Environment), "internal_port": 10}


def on_free_ports(state_directory: Path, among: range = PORTS) -> StackSettings:
    """Settings of such a stack, which keeps its state there.

    :param among: who chooses at the same moment as others takes another range than they.
    :raises NotFound: not enough of them are free.
    """
    spans = {name: SPANS.get(name, 1) for name in StackSettings.model_fields if name.endswith("_port")}
    longest_first = sorted(spans.items(), key=lambda each: -each[1])
    with ExitStack() as held:
        ports = {name: _free_ports(span, among, held) for name, span in longest_first}
    return StackSettings.model_validate({"state_directory": state_directory, **ports})


def _free_ports(count: int, among: range, held: ExitStack) -> int:
    """The first of some neighbouring ports that are free on all addresses, as are those of :data:`ADMIN_GRPC_OFFSET`.

    They are held until all are chosen.

    :raises NotFound: there are not so many in a row.
    """
    for first in random.sample(among, len(among)):
        with ExitStack() as attempt:
            try:
                for port in (own + above for own in range(first, first + count) for above in (0, ADMIN_GRPC_OFFSET)):
                    attempt.enter_context(socket.create_server(("", port)))
            except OSError:
                continue
            held.push(attempt.pop_all())
            return first
    raise NotFound(
        f"no {count} neighbouring ports from {among.start} on are free, with those {ADMIN_GRPC_OFFSET} above them\n"
        "  next: ss -ltn shows who listens"
    )

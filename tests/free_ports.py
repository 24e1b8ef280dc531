"""Ports that nobody listens on, for servers of tests."""

from __future__ import annotations

import itertools
import os
import random
import socket

from stack.free_ports import SPANS

LOOPBACK = "127.0.0.1"

#: A SeaweedFS part listens for gRPC at its port + 10000. Both stay below Linux' ephemeral ports
#: (32768 and up), so that no outgoing connection takes one between our look and its start. Stacks of tests have
#: those below 20000, and theirs above lie between ours.
GRPC_OFFSET = 10_000
PORTS = range(20_000, 32_768 - GRPC_OFFSET)

#: How many the stacks of one process that runs tests have, and how many each of them: two are chosen before one starts.
OWN_PORTS, STACK_PORTS = 1000, 100
_stacks = itertools.count()


def own_ports() -> range:
    """Where the next stack of this process finds its ports: none of another stack or process looks there meanwhile."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    turn = next(_stacks) % (OWN_PORTS // STACK_PORTS)
    first = PORTS.stop - GRPC_OFFSET + process * OWN_PORTS + turn * STACK_PORTS
    assert first + STACK_PORTS <= PORTS.start, "not so many processes"
    return range(first, first + STACK_PORTS - max(SPANS.values()))


def free_ports(count: int, address: str = LOOPBACK) -> list[int]:
    """Ports that nobody listens on, nor on the ports 10000 above them."""
    found: list[int] = []
    for port in random.sample(PORTS, k=len(PORTS)):
        if len(found) == count:
            break
        if _is_free(address, port) and _is_free(address, port + GRPC_OFFSET):
            found.append(port)
    return found


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True

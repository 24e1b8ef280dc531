"""Ports that nobody listens on, for servers of tests."""

from __future__ import annotations

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

#: How many the stacks of one process that runs tests have.
OWN_PORTS = 1000


def own_ports() -> range:
    """Where stacks of this process find theirs: others choose at the same moment."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = PORTS.stop - GRPC_OFFSET + number * OWN_PORTS
    assert first + OWN_PORTS <= PORTS.start, "not so many processes"
    return range(first, first + OWN_PORTS - max(SPANS.values()))


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

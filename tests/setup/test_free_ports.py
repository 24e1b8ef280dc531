"""No test takes a port that another one, or a stack of it, is about to listen on."""

from __future__ import annotations

import socket
from itertools import chain, pairwise
from pathlib import Path

import pytest

from domain.errors import NotFound
from stack.free_ports import PORTS as ALL_PORTS
from stack.free_ports import SPANS, on_free_ports
from stack.servers import ADMIN_GRPC_OFFSET
from tests.free_ports import GRPC_OFFSET, PORTS, own_ports

#: As many as run at once; see RUN in the Makefile.
PROCESSES = 4


def _with_those_above(ports: range) -> list[range]:
    return [range(ports.start + above, ports.stop + above) for above in (0, GRPC_OFFSET)]


def test_stacks_of_each_process_and_servers_of_tests_have_ports_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = []
    for number in range(PROCESSES):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{number}")
        stacks += [range(own.start, own.stop + max(SPANS.values())) for own in (own_ports() for _ in range(10))]
    assert all(stack.start in ALL_PORTS and stack.stop - 1 in ALL_PORTS for stack in stacks)

    ranges = sorted(chain.from_iterable(map(_with_those_above, [PORTS, *stacks])), key=lambda each: each.start)
    assert all(below.stop <= above.start for below, above in pairwise(ranges)), ranges


def test_a_port_whose_one_above_is_taken_is_not_free(tmp_path: Path) -> None:
    own = own_ports()
    taken = own[:30]
    held = [socket.create_server(("", port + ADMIN_GRPC_OFFSET)) for port in taken]
    try:
        settings = on_free_ports(tmp_path, own)
    finally:
        for each in held:
            each.close()

    with pytest.raises(NotFound, match="no 10 neighbouring ports from"):
        on_free_ports(tmp_path, own[:0])
    ports = [value for name, value in settings if name.endswith("_port")]
    assert len(ports) > len(SPANS)
    assert not set(ports) & set(taken)

"""Something in a container that waits until the test lets it go on, however slow the machine is."""

from __future__ import annotations

import json
import socket

from docker import DockerClient

from stack.engine import bridge_gateway
from tests.free_ports import free_ports


class Door:
    """Closed until :meth:`open`. Containers and builds come to it at the bridge's gateway."""

    def __init__(self, engine: DockerClient) -> None:
        self._address = bridge_gateway(engine), free_ports(1, bridge_gateway(engine))[0]
        self._listening = socket.socket()

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def open(self) -> None:
        """Let go on whatever waits, and whoever comes."""
        self._listening.bind(self._address)
        self._listening.listen(100)

    @property
    def statement(self) -> str:
        """A line of Python that waits; as it names the door, no cache knows it."""
        return f"while __import__('socket').socket().connect_ex({self._address}): __import__('time').sleep(1)"

    @property
    def step(self) -> str:
        """The same as a step of a Dockerfile."""
        return f"RUN {json.dumps(['python3', '-c', self.statement])}\n"

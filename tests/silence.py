"""Servers that do not answer, in each way in which that happens: closed, silent, dropping, gone silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"


@contextmanager
def closed_port() -> Iterator[int]:
    """Nobody listens there."""
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        yield held.getsockname()[1]


@contextmanager
def silent_port() -> Iterator[int]:
    """Connections are taken, and nothing is ever said."""
    with socket.create_server((LOOPBACK, 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@contextmanager
def dropping_port() -> Iterator[int]:
    """What comes is dropped, as a firewall does."""
    with socket.create_server((LOOPBACK, 0), backlog=0) as listener:
        address = listener.getsockname()
        # The first two fill its queue; what the next one sends is dropped.
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            yield address[1]


@dataclass
class Line:
    """The way to a server; once it is cut, bytes are taken and lost."""

    port: int
    cut: threading.Event = field(default_factory=threading.Event)


@contextmanager
def line_to(address: str) -> Iterator[Line]:
    """A way to ``host:port`` that can be cut."""
    host, _, port = address.rpartition(":")
    with socket.create_server((LOOPBACK, 0)) as listener:
        line = Line(listener.getsockname()[1])
        threading.Thread(target=_serve, args=(listener, (host, int(port)), line), daemon=True).start()
        yield line
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, target: tuple[str, int], line: Line) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(target)
            for ends in ((client, server), (server, client)):
                threading.Thread(target=_forward, args=(*ends, line), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket, line: Line) -> None:
    with source, suppress(OSError):
        while content := source.recv(65536):
            if not line.cut.is_set():
                target.sendall(content)
        target.shutdown(socket.SHUT_WR)

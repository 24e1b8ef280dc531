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
    """The way to a server; once it is cut, what is asked is lost, and the connection stays.

    ``calls`` counts what was asked: gRPC calls, the SDK's own first one among them.
    """

    port: int
    calls: int = 0
    cut: threading.Event = field(default_factory=threading.Event)


@contextmanager
def line_to(address: str, calls: int | None = None) -> Iterator[Line]:
    """A way to ``host:port`` that can be cut.

    :param calls: after so many gRPC calls it is cut by itself; the first is the SDK's own, when it connects.
    """
    host, _, port = address.rpartition(":")
    with socket.create_server((LOOPBACK, 0)) as listener:
        line = Line(listener.getsockname()[1])
        words = (listener, (host, int(port)), line, calls)
        thread = threading.Thread(target=_serve, args=words, daemon=True)
        thread.start()
        yield line
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listener: socket.socket, target: tuple[str, int], line: Line, calls: int | None) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(target)
            threading.Thread(target=_ask, args=(client, server, line, calls), daemon=True).start()
            threading.Thread(target=_answer, args=(server, client), daemon=True).start()


def _ask(client: socket.socket, server: socket.socket, line: Line, calls: int | None) -> None:
    seen = 0
    with suppress(OSError):
        while content := client.recv(65536):
            asked = _calls_in(content)
            seen, line.calls = seen + asked, line.calls + asked
            if calls is not None and seen > calls:
                line.cut.set()
            if not line.cut.is_set():
                server.sendall(content)
        server.shutdown(socket.SHUT_RDWR)


def _answer(server: socket.socket, client: socket.socket) -> None:
    with server, client, suppress(OSError):
        while content := server.recv(65536):
            client.sendall(content)


def _calls_in(content: bytes) -> int:
    """The HEADERS frames of HTTP/2 (RFC 9113, section 4.1) that whole frames begin with."""
    rest, found = content.removeprefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0
    while len(rest) >= 9:
        found += rest[3] == 1
        rest = rest[9 + int.from_bytes(rest[:3]) :]
    return found

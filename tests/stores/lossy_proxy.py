"""A TCP proxy before an HTTP server that loses replies: the server has acted, nobody hears of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

#: Whether the reply to a request is to be lost, asked once for each reply that has begun.
Loses = Callable[[], bool]


@contextmanager
def lossy_proxy(endpoint: str, loses: Loses) -> Iterator[str]:
    """The base URL of a proxy before ``endpoint``."""
    target = urlsplit(endpoint)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, (target.hostname, target.port), loses), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listener: socket.socket, target: tuple[str, int], loses: Loses) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(target)
            threading.Thread(target=_forward, args=(client, server), daemon=True).start()
            threading.Thread(target=_reply, args=(server, client, loses), daemon=True).start()


def _forward(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while content := client.recv(65536):
            server.sendall(content)
        server.shutdown(socket.SHUT_WR)


def _reply(server: socket.socket, client: socket.socket, loses: Loses) -> None:
    with server, client, suppress(OSError):
        while content := server.recv(65536):
            # "100 Continue" only invites the request's body; the server has not acted yet.
            final = content.startswith(b"HTTP/1.1 ") and not content.startswith(b"HTTP/1.1 100")
            if final and loses():
                # Wakes the other direction too, and the client sees the connection end.
                client.shutdown(socket.SHUT_RDWR)
                return
            client.sendall(content)

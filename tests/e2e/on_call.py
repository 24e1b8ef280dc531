"""Who is on call, as a channel: an HTTP server that keeps what it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.http_server import serving


@dataclass
class OnCall:
    """The titles of all messages so far; ``channel`` is its Apprise URL."""

    channel: str = ""
    titles: list[str] = field(default_factory=list)

    def of(self, application: str) -> list[str]:
        """What was told of one application."""
        return [title for title in self.titles if title.startswith(f"{application}-")]


@contextmanager
def somebody_on_call() -> Iterator[OnCall]:
    """On a free port of this machine."""
    on_call = OnCall()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            on_call.titles.append(body["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    on_call.channel = f"json://127.0.0.1:{server.server_port}/"
    with serving(server):
        yield on_call

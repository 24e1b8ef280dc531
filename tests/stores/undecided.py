"""An S3 that answers each conditional write with 409, as AWS does while another write is under way."""

from __future__ import annotations

from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.http_server import serving


class _Undecided(BaseHTTPRequestHandler):
    """Holds one object for every key."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        server = self.server
        assert isinstance(server, UndecidedServer)
        self.rfile.read(int(self.headers["Content-Length"]))
        if "If-None-Match" in self.headers or "If-Match" in self.headers:
            self._answer(409, f"<Error><Code>{server.code}</Code><Message>try again</Message></Error>".encode())
        else:
            self._answer(200, b"")

    def do_GET(self) -> None:
        assert isinstance(self.server, UndecidedServer)
        self._answer(200, self.server.content)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class UndecidedServer(ThreadingHTTPServer):
    """:param code: S3's word for the 409; :param content: what is read under every key."""

    def __init__(self, code: str, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Undecided)
        self.code = code
        self.content = content


def undecided_server(code: str, content: bytes) -> AbstractContextManager[str]:
    """Its address."""
    return serving(UndecidedServer(code, content))

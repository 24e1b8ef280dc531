"""JSON over HTTP, with the standard library: routes in, answers and one log line each out.

``cart``, ``catalog`` and ``checkout`` have a copy each: they share a habit, not a library, so that each can be
released alone.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_LIMIT = 64 * 1024
QUIET = {"/healthz"} if os.environ.get("LOG_LEVEL", "info") != "debug" else set()


class Problem(Exception):
    """A request that cannot be answered: the status, and why."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


def serve(role, routes):
    """Answer on port 8080 until SIGTERM; then finish what has begun, and return.

    The edge hands paths over as they were asked for. Everything up to ``/<role>`` is where it put
    this service (``/cart``, or ``/somewhere/cart``), and a route begins after it.

    :param routes: ``"PUT /{cart}"`` → a function of the words in braces, and of ``body`` (JSON)
        for a ``PUT``. It returns a JSON document or raises :class:`Problem`.
    """
    with Server(role, routes) as server:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        log(role, event="serving", port=server.server_port)
        server.serve_forever(poll_interval=0.1)
        server.answer_who_is_connected()
    log(role, event="stopped")


class Server(ThreadingHTTPServer):
    """Closing it waits for every request that is being answered."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, role, routes):
        super().__init__(("", 8080), Handler)
        self.role = role
        self.routes = [(pattern(route), act) for route, act in routes.items()]

    def answer_who_is_connected(self):
        """Who reached the port before it closes gets an answer, not a reset."""
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self.process_request(*self.get_request())

    def handle_error(self, request, client_address):
        """Who hangs up before the answer gets none; one line says so."""
        log(self.role, event="hung up", error=repr(sys.exception()))

    def outcome(self, method, path, read_body):
        """Status and document for one request."""
        if path == "/healthz":
            return HTTPStatus.OK, {"status": "healthy"}
        _, mount, rest = path.partition(f"/{self.role}")
        rest = rest.rstrip("/") or "/"
        matches = ((route.fullmatch(f"{method} {rest}"), act) for route, act in self.routes if mount)
        match, act = next(((match, act) for match, act in matches if match), (None, None))
        try:
            if match is None:
                raise Problem(HTTPStatus.NOT_FOUND, f"nothing answers {method} {path}")
            return HTTPStatus.OK, act(**match.groupdict(), **({"body": read_body()} if method == "PUT" else {}))
        except Problem as problem:
            return problem.status, {"error": str(problem)}


class Handler(BaseHTTPRequestHandler):
    """One request per connection (HTTP/1.0): nothing idles that a stop would have to wait for."""

    timeout = 10

    def answer(self):
        """Find the outcome, send it, log it."""
        began, path = time.monotonic(), self.path.partition("?")[0]
        try:
            status, document = self.server.outcome(self.command, path, self.read_body)
        except Exception as error:  # noqa: BLE001 – whatever it is, the client gets an answer
            log(self.server.role, event="fault", error=repr(error))
            status, document = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "this should not happen"}
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        if path not in QUIET:
            millis = round(1000 * (time.monotonic() - began))
            log(self.server.role, method=self.command, path=path, status=status, milliseconds=millis)

    do_GET = do_PUT = do_DELETE = answer  # noqa: N815 – http.server's names

    def read_body(self):
        """The request's JSON."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > BODY_LIMIT:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {BODY_LIMIT} bytes")
        try:
            return json.loads(self.rfile.read(int(length)))
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from None

    def log_message(self, *_):
        """Nothing: :meth:`answer` logs."""


def pattern(route):
    """``PUT /{cart}`` as a regular expression."""
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[\\w-]+)", route))


def log(role, **fields):
    """One line of JSON on standard output."""
    print(json.dumps({"service": role, **fields}), flush=True)

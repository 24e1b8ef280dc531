"""The generated health check, with each of the tools that an image may have."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from domain.service import Health
from engines.health import HEALTHY_MARK, healthcheck, last_complaint
from tests.busybox import busybox

#: It comes in pieces, so that a client that hangs up early is noticed.
PIECES = [b"a line\n", b"another\n", b"and one without its end"]
TOOLS = {"bash": "bash", "wget": "", "python3": sys.executable}  # busybox is told by its name what to be


class Server(ThreadingHTTPServer):
    """Answers slowly: 200, and 404 elsewhere; keeps what went wrong."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.errors: list[str] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.errors.append(repr(sys.exception()))


class Handler(BaseHTTPRequestHandler):
    """One answer per path."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        for piece in PIECES:
            time.sleep(0.05)
            self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield made
        made.shutdown()
        thread.join()
    Path(HEALTHY_MARK).unlink(missing_ok=True)


@pytest.fixture(params=sorted(TOOLS))
def only(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A search path with a shell, sleep, and one tool."""
    programs = {"sh": "sh", "sleep": "sleep", request.param: TOOLS[request.param]}
    if not programs[request.param]:
        (tmp_path / request.param).write_bytes(busybox())
        (tmp_path / request.param).chmod(0o755)
        del programs[request.param]
    for name, program in programs.items():
        found = shutil.which(program)
        assert found, program
        (tmp_path / name).symlink_to(found)
    return str(tmp_path)


def _checked(path: str, health: Health, port: int) -> subprocess.CompletedProcess[str]:
    _, script = healthcheck(health, port)["Test"]
    return subprocess.run(["/bin/sh", "-c", script], env={"PATH": path}, capture_output=True, text=True, check=False)


def test_an_answer_2xx_is_healthy_and_nobody_is_hung_up_on(only: str, server: Server) -> None:
    for _ in range(3):
        done = _checked(only, Health(), server.server_port)
        assert (done.returncode, done.stdout) == (0, "")
    assert server.errors == []


def test_another_answer_or_none_is_not_and_says_why(only: str, server: Server) -> None:
    port = server.server_port
    assert _checked(only, Health(path="/gone"), port).stdout == f"GET /gone on port {port}: 404\n"
    assert _checked(only, Health(), 1).stdout == "GET /healthz on port 1: no answer\n"
    assert _checked(only, Health(), 1).returncode == 1


def test_an_image_without_any_of_the_tools_is_told_so(tmp_path: Path, server: Server) -> None:
    done = _checked(str(tmp_path), Health(), server.server_port)

    assert done.returncode == 1
    assert "declare health.command" in done.stdout


FAILED, SILENT, FINE = (
    {"ExitCode": 1, "Output": "404\n"},
    {"ExitCode": 1, "Output": ""},
    {"ExitCode": 0, "Output": ""},
)


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ([], ""),
        ([FAILED, FINE], ""),
        ([FINE, FAILED], "404"),
        ([FINE, FAILED, SILENT], "404"),
        ([FAILED, FINE, SILENT], ""),
        ([SILENT], ""),
    ],
    ids=["none", "it is fine again", "it failed", "one more died in the middle", "it ended by itself", "nothing said"],
)
def test_the_last_check_that_failed_and_said_something_is_the_complaint(
    checks: list[dict[str, object]], said: str
) -> None:
    assert last_complaint(checks) == said

"""A process that has imported the command line and forks one for each call.

Python takes one to two seconds for the imports, and a test calls it some dozen times. What is forked has the
environment, the directory, the streams and the exit code that ``onward`` has. A call is asked for by a stand-in
(:mod:`tests.e2e.stand_in`), which is what the test holds in its hands.
"""

from __future__ import annotations

import atexit
import functools
import gc
import os
import pkgutil
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("stand_in.py")
READY = b"ready\n"

#: What is imported before the first fork. A call that traces imports some late, which takes as long as all others.
PACKAGES = ("starter", "workflows", "domain")
TRACING = ("temporalio.contrib.opentelemetry", "opentelemetry.exporter.otlp.proto.grpc.trace_exporter")


def stand_in() -> list[str]:
    """The command that is ``onward``, with an interpreter that loads next to nothing."""
    return [sys.executable, "-I", "-S", str(STAND_IN), _server()]


@functools.cache
def _server() -> str:
    """Where it listens; it ends with this process."""
    folder = tempfile.mkdtemp(prefix="onward-warm-")
    path = f"{folder}/socket"
    server = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve({path!r})"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
    )
    atexit.register(_end, server, folder)
    assert server.stdout is not None
    assert server.stdout.readline() == READY
    return path


def _end(server: subprocess.Popen[bytes], folder: str) -> None:
    server.kill()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


def serve(path: str) -> None:
    """Answer until stdin ends.

    :param path: of the socket.
    """
    for package in map(import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in TRACING:
        import_module(name)
    gc.freeze()  # the collector of a fork does not touch, and so does not copy, what is here
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who attend
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _attend(connection)
            connection.close()


def _attend(connection: socket.socket) -> NoReturn:
    """One fork waits for the other, which is the call: it ends with its stand-in."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asking, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    child = os.fork()
    if child == 0:
        connection.close()
        _call(Path("/proc", str(asking)))
    with suppress(BrokenPipeError):
        connection.sendall(f"{child}\n".encode())
    if connection.fileno() in select.select([connection.fileno(), os.pidfd_open(child)], [], [])[0]:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with suppress(BrokenPipeError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _call(asking: Path) -> NoReturn:
    """What the stand-in was called with, and what it reads and writes, is in its directory in ``/proc``."""
    from starter.cli import main

    words, environment = ((asking / name).read_bytes().decode().split("\0")[:-1] for name in ("cmdline", "environ"))
    for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        os.dup2(os.open(asking / "fd" / str(number), mode), number)
    os.environ.clear()
    os.environ.update({name: value for name, _, value in (each.partition("=") for each in environment)})
    os.chdir(asking / "cwd")
    sys.argv = ["onward", *words[words.index(str(STAND_IN)) + 2 :]]
    main()
    os._exit(1)  # it ends by itself

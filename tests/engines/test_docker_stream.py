"""Requests to a Docker Engine that takes its time: a cancel is heard before its answer begins."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from docker import DockerClient

from engines import docker_stream
from tests.fakes.progress import Cancelled, CancelledProgress

#: Seconds that a test waits for what does not come.
PATIENCE = 10

ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


class SlowEngine:
    """Takes a request, says so, and answers only when it is told to; knows whether who asked is gone."""

    def __init__(self, progress: CancelledProgress) -> None:
        self.gone = threading.Event()
        self.answer = threading.Event()
        self._progress = progress
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def client(self) -> DockerClient:
        return DockerClient(base_url=f"tcp://127.0.0.1:{self._listener.getsockname()[1]}", version="1.41")

    def close(self) -> None:
        self.answer.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, suppress(OSError):
            connection.settimeout(PATIENCE)
            connection.recv(65536)
            self._progress.say("asked")
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
            end = time.monotonic() + PATIENCE
            while connection.recv(65536):
                if time.monotonic() > end:
                    return
            self.gone.set()

    def _answer(self, connection: socket.socket) -> None:
        self.answer.wait(PATIENCE)
        with suppress(OSError):
            connection.sendall(ANSWER)


@pytest.fixture
def progress() -> CancelledProgress:
    return CancelledProgress("asked")


@pytest.fixture
def engine(progress: CancelledProgress) -> Iterator[SlowEngine]:
    made = SlowEngine(progress)
    yield made
    made.close()


class Endless:
    """A body without end, until it is closed."""

    def __init__(self) -> None:
        self.closed = False

    def read(self, length: int = 65536, /) -> bytes:
        if self.closed:
            raise ValueError("I/O operation on closed file")
        return bytes(length)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.read()


def test_a_cancel_before_the_answer_ends_the_request_when_it_comes(
    engine: SlowEngine, progress: CancelledProgress
) -> None:
    with pytest.raises(Cancelled) as caught:
        next(docker_stream.post(engine.client(), "/images/create", progress))

    engine.answer.set()
    assert engine.gone.wait(PATIENCE), "the engine is to see that nobody wants the answer"
    assert caught.value, "held until here, with all that it leads to: Python alone does not end the connection"


def test_a_cancel_of_an_upload_ends_the_request(engine: SlowEngine, progress: CancelledProgress) -> None:
    body = Endless()
    with pytest.raises(Cancelled):
        next(docker_stream.post(engine.client(), "/build", progress, data=body))

    body.closed = True
    assert engine.gone.wait(PATIENCE), "the engine is to see that nobody sends more"

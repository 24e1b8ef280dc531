"""Long answers of the Docker Engine: JSON lines that a cancel can end, archives that need not be read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import requests
from docker import DockerClient
from docker.errors import create_api_error_from_http_exception
from docker.types.daemon import CancellableStream

from domain.progress import Progress
from engines.docker_api import address_of, translated
from engines.swarm_logs import HEADER

CONNECT_TIMEOUT = 10
CHUNK = 1024 * 1024


class Readable(Protocol):
    """What a request's body is read from."""

    def read(self, length: int = ..., /) -> bytes: ...


def post(
    client: DockerClient,
    path: str,
    progress: Progress,
    *,
    data: Readable | None = None,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Send a request and yield each JSON object of the answer as it comes.

    A command may print nothing for an hour, and a pull or a large context be under way for minutes
    before the answer begins, so there is no read timeout; when the work is cancelled, the
    connection is ended. The engine takes that as "stop".
    """
    url = f"{client.api.base_url}/v{client.api.api_version}{path}"
    with translated(address_of(client)):
        response = _begun(
            lambda: client.api.post(
                url, data=data, params=params, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT, None)
            ),
            progress,
        )
        raise_for_status(response)
        with response, progress.closing(lambda: shut_down(response)):
            for line in response.iter_lines(chunk_size=None):
                if line.strip():
                    yield json.loads(line)


def _begun(ask: Callable[[], requests.Response], progress: Progress) -> requests.Response:
    """The answer to a request, once it begins.

    Nothing can shut the connection down before: it is not to be had. So the request has a thread of its
    own, which a cancel leaves behind. It ends when it next reads the body, which is closed by then, or
    when the answer begins, which is closed at once.
    """
    answer: Future[requests.Response] = Future()
    over = threading.Event()
    answer.add_done_callback(lambda _: over.set())

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 – raised where the answer is waited for
            answer.set_exception(error)

    with progress.closing(over.set):
        threading.Thread(target=run, name="docker-request", daemon=True).start()
        over.wait()
    try:
        progress.wait(0)
    except BaseException:
        answer.add_done_callback(_close)
        raise
    return answer.result()


def _close(answer: Future[requests.Response]) -> None:
    with suppress(Exception):  # a request that failed has nothing to be closed
        answer.result().close()


def output(client: DockerClient, container: str) -> Iterator[bytes]:
    """What a container prints from its start to its end, both streams in their order.

    The container has no terminal and was not started yet; the connection stands when this returns.
    """
    url = f"{client.api.base_url}/v{client.api.api_version}/containers/{container}/attach"
    with translated(address_of(client)):
        params = {"stream": "1", "stdout": "1", "stderr": "1"}
        response = client.api.post(url, params=params, stream=True, timeout=(CONNECT_TIMEOUT, None))
        raise_for_status(response)
    return _payloads(response)


def begin(client: DockerClient, path: str, body: Mapping[str, Any]) -> requests.Response:
    """The answer to a request whose body goes on for as long as a command runs: Docker's stream format.

    :raises NotFound: the engine does not know the path.
    """
    url = f"{client.api.base_url}/v{client.api.api_version}{path}"
    with translated(address_of(client)):
        response = client.api.post(url, json=body, stream=True, timeout=(CONNECT_TIMEOUT, None))
        raise_for_status(response)
    return response


def frames(response: requests.Response) -> Iterator[tuple[int, int, bytes]]:
    """Docker's stream format: of each frame its stream, length and payload, which is shorter when it broke off."""
    while len(header := response.raw.read(HEADER.size)) == HEADER.size:
        stream, length = HEADER.unpack(header)
        yield stream, length, response.raw.read(length)


def _payloads(response: requests.Response) -> Iterator[bytes]:
    with response:
        for _, _, payload in frames(response):
            yield payload


@contextmanager
def archive(client: DockerClient, container: str, path: str) -> Iterator[Iterator[bytes]]:
    """A file or directory of a container, as the chunks of a tar file; the rest need not be read.

    :raises NotFound: there is no such path.
    """
    url = f"{client.api.base_url}/v{client.api.api_version}/containers/{container}/archive"
    with translated(address_of(client)):
        response = client.api.get(url, params={"path": path}, stream=True, timeout=client.api.timeout)
        raise_for_status(response)
        with response:
            yield response.iter_content(CHUNK)


def raise_for_status(response: requests.Response) -> None:
    """:raises APIError: the engine refused; what :func:`engines.docker_api.translated` takes."""
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise create_api_error_from_http_exception(error) from error


def shut_down(response: requests.Response) -> None:
    """End a read that blocks in another thread: closing the response would wait for it."""
    CancellableStream(iter(()), response).close()

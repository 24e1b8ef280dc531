"""The Docker Engine's API: how it is reached, and its errors in Onward's words."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
import urllib3
from docker import DockerClient
from docker.errors import APIError, DockerException

from domain.errors import Conflict, InvalidInput, NotFound, OnwardError, Unreachable

SERVER = "Docker Engine"

#: Seconds in which the engine must begin to answer a call; streams have their own rhythm.
TIMEOUT = 60

#: The same while a person waits for what is only read.
BRISK = 4

#: Seconds in which the engine must answer the first call, which asks for its API version.
CONNECT_TIMEOUT = 5


def connect(docker_host: str, timeout: int = TIMEOUT) -> DockerClient:
    """A client that speaks the engine's own API version.

    :param docker_host: such as ``unix:///var/run/docker.sock`` or ``tcp://manager:2376``.
    :param timeout: seconds in which the engine must begin to answer each call.
    :raises Unreachable: nothing answers there within five seconds.
    """
    with translated(docker_host):
        _require_socket(docker_host)
        client = docker.DockerClient(base_url=docker_host, version="auto", timeout=CONNECT_TIMEOUT)
        client.ping()
    client.api.timeout = timeout
    return client


def _require_socket(docker_host: str) -> None:
    """docker-py would leave its own socket open when nobody listens."""
    if docker_host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(docker_host.removeprefix("unix://"))


def address_of(client: DockerClient) -> str:
    """Where a client's engine is, for error texts."""
    path: str | None = getattr(client.api.get_adapter(client.api.base_url), "socket_path", None)
    return f"unix://{path}" if path else client.api.base_url


def own_node(client: DockerClient) -> str:
    """The ID in its swarm of the machine that answers; empty outside of one."""
    with translated(address_of(client)):
        return str(client.info()["Swarm"]["NodeID"])


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Raise what goes wrong inside as an error of the domain.

    :param address: the engine's address, for the text.
    :raises NotFound: the engine does not have what was named.
    :raises Conflict: a name is taken, or swarm's version index is not the one that was read.
    :raises InvalidInput: the engine refuses the request as such.
    :raises Unreachable: the engine does not answer, or answers that it cannot now.
    """
    try:
        yield
    except APIError as error:
        raise _refusal(error, address) from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(SERVER, address, _reason(error)) from error


def _refusal(error: APIError, address: str) -> OnwardError:
    status = error.response.status_code if error.response is not None else 500
    text = str(error.explanation or error)
    # Swarm answers 500 for what a container misses at its start; again only the text tells.
    if status == 404 or "code = NotFound" in text:
        return NotFound(f"{SERVER} at {address}: {text}")
    # Swarm answers a lost race with 500, so only its text tells.
    if status == 409 or "update out of sequence" in text or "name conflicts with" in text:
        return Conflict(f"{SERVER} at {address}: {text}")
    if status < 500:
        return InvalidInput(text, where=f"{SERVER} at {address}")
    return Unreachable(SERVER, address, f"HTTP {status}: {text}")


def _reason(error: Exception) -> str:
    """The innermost cause: the outer ones only repeat it with names of Python classes."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__

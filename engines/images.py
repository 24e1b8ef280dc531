"""Images on their way between an engine and a registry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docker import DockerClient

from domain.artifact import Digest
from domain.errors import InvalidInput, NotFound, Unreachable
from domain.progress import Progress
from engines import docker_stream
from engines.docker_api import address_of, translated

REGISTRY = "image registry"

#: base64 of ``{}``: no credentials; registries let these networks in.
ANONYMOUS = {"X-Registry-Auth": "e30="}

#: How the engine's text tells that a registry does not answer, or not now.
NO_ANSWER = re.compile(
    r"dial tcp|connection (refused|reset)|no such host|timeout|deadline exceeded|\bEOF\b|HTTP status: 5",
    re.IGNORECASE,
)


def present(client: DockerClient, image: str, progress: Progress) -> dict[str, Any]:
    """What the engine knows of an image, pulled when it is not here.

    :raises NotFound: its registry does not have it, or does not give it.
    :raises Unreachable: the engine or the registry does not answer.
    """
    try:
        return _inspected(client, image)
    except NotFound:
        progress.say(f"pulling {image}")
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    parameters = {"fromImage": image if tagged else f"{image}:latest"}
    try:
        for message in _transfer(client, "/images/create", parameters, progress):
            if "error" in message:
                raise NotFound(f"image {image} cannot be pulled: {message['error']}")
    except (NotFound, InvalidInput, Unreachable) as error:
        if NO_ANSWER.search(str(error)):
            raise Unreachable(REGISTRY, registry_of(image), str(error)) from None
        raise
    return _inspected(client, image)


def push(client: DockerClient, tag: str, progress: Progress) -> Digest:
    """Push a tag and give the digest that the registry answered.

    :raises InvalidInput: the registry does not take it.
    :raises Unreachable: the engine or the registry does not answer, or stops in the middle.
    """
    repository, _, name = tag.rpartition(":")
    digest = ""
    for message in _transfer(client, f"/images/{repository}/push", {"tag": name}, progress):
        if "error" in message:
            text = str(message["error"])
            if NO_ANSWER.search(text):
                raise Unreachable(REGISTRY, registry_of(tag), text)
            raise InvalidInput(f"{tag} cannot be pushed: {text}", where=f"{REGISTRY} at {registry_of(tag)}")
        digest = str((message.get("aux") or {}).get("Digest", digest))
    if not digest:
        raise Unreachable(REGISTRY, registry_of(tag), f"the push of {tag} ended before its digest came")
    return digest


def registry_of(image: str) -> str:
    """The registry that an image's name means, after Docker's rule."""
    host, slash, _ = image.partition("/")
    return host if slash and (host == "localhost" or "." in host or ":" in host) else "docker.io"


def repository_of(image: str) -> str:
    """An image's name without tag and digest."""
    path, slash, last = image.partition("@")[0].rpartition("/")
    return path + slash + last.partition(":")[0]


def _transfer(
    client: DockerClient, path: str, parameters: dict[str, str], progress: Progress
) -> Iterator[dict[str, Any]]:
    for message in docker_stream.post(client, path, progress, params=parameters, headers=ANONYMOUS):
        progress.say(" ".join(str(message[part]) for part in ("id", "status") if part in message))
        yield message


def _inspected(client: DockerClient, image: str) -> dict[str, Any]:
    with translated(address_of(client)):
        return dict(client.images.get(image).attrs)

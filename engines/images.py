"""Images on their way between an engine and a registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docker import DockerClient

from domain.artifact import Digest
from domain.errors import NotFound
from domain.progress import Progress
from engines import docker_stream
from engines.docker_api import address_of, translated

#: base64 of ``{}``: no credentials; registries let these networks in.
ANONYMOUS = {"X-Registry-Auth": "e30="}


def present(client: DockerClient, image: str, progress: Progress) -> dict[str, Any]:
    """What the engine knows of an image, pulled when it is not here; ``NotFound`` when nobody has it."""
    try:
        return _inspected(client, image)
    except NotFound:
        progress.say(f"pulling {image}")
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    parameters = {"fromImage": image if tagged else f"{image}:latest"}
    for message in _transfer(client, "/images/create", parameters, progress):
        if "error" in message:
            raise NotFound(f"image {image} cannot be pulled: {message['error']}")
    return _inspected(client, image)


def push(client: DockerClient, tag: str, progress: Progress) -> Digest:
    """Push a tag and give the digest that the registry answered."""
    repository, _, name = tag.rpartition(":")
    digest = ""
    for message in _transfer(client, f"/images/{repository}/push", {"tag": name}, progress):
        if "error" in message:
            raise NotFound(f"{tag} cannot be pushed: {message['error']}")
        digest = str((message.get("aux") or {}).get("Digest", digest))
    if not digest:
        raise NotFound(f"the registry took {tag} but named no digest")
    return digest


def _transfer(
    client: DockerClient, path: str, parameters: dict[str, str], progress: Progress
) -> Iterator[dict[str, Any]]:
    for message in docker_stream.post(client, path, progress, params=parameters, headers=ANONYMOUS):
        progress.say(" ".join(str(message[part]) for part in ("id", "status") if part in message))
        yield message


def _inspected(client: DockerClient, image: str) -> dict[str, Any]:
    with translated(address_of(client)):
        return dict(client.images.get(image).attrs)

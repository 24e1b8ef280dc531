"""The edge's image where none can be pulled: the one program, and by whom it knows an ACME server."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import certifi
from docker import DockerClient
from docker.errors import BuildError

from domain.errors import BuildFailed, NotFound
from engines.docker_api import address_of, translated

IMAGE_REPOSITORY = "onward-edge/traefik"
DOCKERFILE = b"""\
FROM scratch
COPY traefik /traefik
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENTRYPOINT ["/traefik"]
"""


def build_edge_image(client: DockerClient, traefik_binary: Path) -> str:
    """The ID of an image of the static binary and the public roots; made once for each pair of them.

    For engines that cannot pull ``traefik``. Swarm runs an image ID without asking any registry,
    on the machine that has it.

    :raises BuildFailed: the engine cannot make it.
    """
    files = {"traefik": traefik_binary, "ca-certificates.crt": Path(certifi.where())}
    tag = f"{IMAGE_REPOSITORY}:{_digest(files.values())[:12]}"
    try:
        with translated(address_of(client)):
            return str(client.images.get(tag).id)
    except NotFound:
        pass
    try:
        with translated(address_of(client)), io.BytesIO() as context:
            with tarfile.open(fileobj=context, mode="w") as archive:
                dockerfile = tarfile.TarInfo("Dockerfile")
                dockerfile.size = len(DOCKERFILE)
                archive.addfile(dockerfile, io.BytesIO(DOCKERFILE))
                for name, file in files.items():
                    archive.add(file, name)
            context.seek(0)
            image, _ = client.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
    except BuildError as error:
        raise BuildFailed(f"the edge's image of {traefik_binary}: {error}") from error
    return str(image.id)


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256(DOCKERFILE)
    for file in files:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()

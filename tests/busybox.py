"""A busybox that needs no library: all that is in the images that tests make."""

from __future__ import annotations

import io
import tarfile
from contextlib import closing
from functools import cache
from pathlib import Path

from engines.docker_api import address_of, connect, translated
from settings import StackSettings
from stack.images import Images
from stack.places import Machine
from stack.programs import BUSYBOX, Program, installed, not_to_be_had


@cache
def busybox(program: Program = BUSYBOX) -> bytes:
    """The installed one, else that of its image.

    :raises NotFound: neither is to be had.
    """
    binary = installed(program)
    if binary:
        return Path(binary).read_bytes()
    settings = StackSettings()
    with closing(connect(settings.docker_host)) as client:
        images = Images(client, Machine(settings))
        if not images.obtained(program.image):
            raise not_to_be_had(program, images)
        with translated(address_of(client)):
            container = client.containers.create(program.image, ["sh"])
            try:
                chunks, _ = container.get_archive(program.entrypoint)
                archive = io.BytesIO(b"".join(chunks))
            finally:
                container.remove()
    with tarfile.open(fileobj=archive) as files:
        content = files.extractfile(files.getmembers()[0])
        assert content, f"{program.entrypoint} of {program.image} is no file"
        return content.read()

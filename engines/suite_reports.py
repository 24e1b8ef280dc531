"""The reports of a suite: where it may write them in its container, and what it wrote, within bounds."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

from docker import DockerClient

from domain.errors import NotFound
from domain.junit import REPORT_LIMIT
from domain.suite import REPORTS
from engines import docker_stream
from engines.docker_api import address_of, translated

FILES_LIMIT = 200


def make_room(client: DockerClient, container: str) -> None:
    """Make the directory for the reports, where the image's user may write, whoever that is."""
    with translated(address_of(client)):
        client.api.put_archive(container, "/", _directory(REPORTS.strip("/")))


def read(client: DockerClient, container: str) -> tuple[bytes, ...]:
    """The XML files in ``/reports``; in place of what is too much is one that cannot be read."""
    try:
        with docker_stream.archive(client, container, REPORTS) as chunks:
            content = _bounded(chunks)
    except NotFound:
        return ()
    return tuple(_xml_files(content))


def _directory(name: str) -> bytes:
    """A tar file with one directory that is open to all; files that are in it already stay."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(entry)
    return content.getvalue()


def _bounded(chunks: Iterator[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > 2 * REPORT_LIMIT:
            break
    return bytes(content)


def _xml_files(archive: bytes) -> Iterator[bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as entries:
            for count, entry in enumerate(entries):
                if count > FILES_LIMIT:
                    raise tarfile.ReadError("too many files")
                file = entries.extractfile(entry) if entry.isfile() and entry.name.endswith(".xml") else None
                if file is not None:
                    yield file.read(REPORT_LIMIT + 1)
    except tarfile.TarError:
        yield b""

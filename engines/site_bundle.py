"""Bundles of static sites: a zip file that is the same bytes for the same files."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from docker import DockerClient

from domain.artifact import Digest
from domain.errors import BuildFailed, NotFound
from domain.progress import Progress
from engines import docker_stream
from engines.build_context import IGNORE_FILE, context_paths
from engines.docker_api import address_of, translated
from engines.labels import Label

ENTRY_DOCUMENT = "index.html"
FILES_LIMIT = 20_000
SIZE_LIMIT = 512 * 1024 * 1024

#: The earliest moment that a zip file can tell.
NO_TIME = (1980, 1, 1, 0, 0, 0)

#: Of the containers that bundles are read from, and the seconds after which one has been left behind.
LABEL = f"{Label.PART}=site-bundle"
LEFTOVER_AFTER = 3600


def bundle_context(context: Path, output: str, target: Path) -> Digest:
    """Zip a directory of the context; :raises BuildFailed: it is missing, or no site."""
    inside = "" if output == "." else f"{output}/"
    paths = [path for path in context_paths(context) if path.startswith(inside) and path != IGNORE_FILE]
    return _bundle({path.removeprefix(inside): context / path for path in paths}, output, target)


def bundle_image(
    client: DockerClient, image: str, directory: str, output: str, target: Path, progress: Progress
) -> Digest:
    """Zip a directory of an image, out of a container that is never started.

    The image stays, untagged: it is the engine's cache of the command's outcome.
    """
    _remove_leftovers(client)
    with tempfile.TemporaryDirectory() as scratch, _container(client, image) as container:
        with tempfile.TemporaryFile() as archive:
            _read_archive(client, container, f"{directory}/{output}", archive, progress)
            archive.seek(0)
            files = _unpack(archive, Path(scratch))
        return _bundle(files, output, target)


@contextmanager
def _container(client: DockerClient, image: str) -> Iterator[str]:
    with translated(address_of(client)):
        container = str(client.api.create_container(image, command=["none"], labels=[LABEL])["Id"])
    try:
        yield container
    finally:
        with translated(address_of(client)):
            client.api.remove_container(container, force=True)


def _remove_leftovers(client: DockerClient) -> None:
    """The containers of attempts that were killed; one that is in use is never that old."""
    with translated(address_of(client)):
        for leftover in client.api.containers(all=True, filters={"label": LABEL}):
            if time.time() - leftover["Created"] > LEFTOVER_AFTER:
                client.api.remove_container(leftover["Id"], force=True)


def _read_archive(client: DockerClient, container: str, path: str, archive: IO[bytes], progress: Progress) -> None:
    size = 0
    try:
        with docker_stream.archive(client, container, path) as chunks:
            for chunk in chunks:
                size += len(chunk)
                if size > 2 * SIZE_LIMIT:
                    raise BuildFailed(f"build.output: {path} holds over {SIZE_LIMIT} bytes")
                archive.write(chunk)
                progress.say(f"{size // 1024} KiB of {path} are read")
    except NotFound:
        raise BuildFailed(f"build.output: the command left no {path}") from None


def _unpack(archive: IO[bytes], directory: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    with tarfile.open(fileobj=archive) as entries:
        for entry in entries:
            _, _, name = entry.name.partition("/")
            if entry.isdir() or not name:
                continue
            if not entry.isfile():
                raise BuildFailed(f"build.output: {name} is a link or a device; a site has files only")
            if len(files) == FILES_LIMIT:
                raise BuildFailed(f"build.output: there are over {FILES_LIMIT} files")
            entries.extract(entry, directory, filter="data")
            files[name] = directory / entry.name
    return files


def _bundle(files: dict[str, Path], output: str, target: Path) -> Digest:
    if ENTRY_DOCUMENT not in files:
        raise BuildFailed(f"build.output: {output} has no {ENTRY_DOCUMENT}; it has {len(files)} files")
    link = next((name for name, path in files.items() if path.is_symlink()), None)
    if link:
        raise BuildFailed(f"build.output: {link} is a link; a site has files only")
    if len(files) > FILES_LIMIT or sum(path.stat().st_size for path in files.values()) > SIZE_LIMIT:
        raise BuildFailed(f"build.output: {output} has over {FILES_LIMIT} files or {SIZE_LIMIT} bytes")
    with zipfile.ZipFile(target, "w") as bundle:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=6)
    with target.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"

"""Bundles of static sites: a zip file that is the same bytes for the same files."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from docker import DockerClient

from domain.artifact import Digest
from domain.errors import BuildFailed, NotFound
from engines.docker_api import address_of, translated

ENTRY_DOCUMENT = "index.html"
FILES_LIMIT = 20_000
SIZE_LIMIT = 512 * 1024 * 1024

#: The earliest moment that a zip file can tell.
NO_TIME = (1980, 1, 1, 0, 0, 0)


def bundle_directory(context: Path, output: str, target: Path) -> Digest:
    """Zip a directory of the context; :raises BuildFailed: it is missing, or no site."""
    site = context / output
    if not site.is_dir():
        raise BuildFailed(f"build.output: there is no directory {output}")
    return _bundle({path.relative_to(site).as_posix(): path for path in site.rglob("*") if not path.is_dir()}, target)


def bundle_image(client: DockerClient, image: str, path: str, target: Path) -> Digest:
    """Zip a directory of an image, out of a container that is never started.

    The image stays, untagged: it is the engine's cache of the command's outcome.
    """
    with tempfile.TemporaryDirectory() as scratch, _container(client, image) as container:
        with tempfile.TemporaryFile() as archive:
            _read_archive(client, container, path, archive)
            archive.seek(0)
            files = _unpack(archive, Path(scratch))
        return _bundle(files, target)


@contextmanager
def _container(client: DockerClient, image: str) -> Iterator[str]:
    with translated(address_of(client)):
        container = str(client.api.create_container(image, command=["none"])["Id"])
    try:
        yield container
    finally:
        with translated(address_of(client)):
            client.api.remove_container(container, force=True)


def _read_archive(client: DockerClient, container: str, path: str, archive: IO[bytes]) -> None:
    size = 0
    try:
        with translated(address_of(client)):
            chunks, _ = client.api.get_archive(container, path)
            for chunk in chunks:
                size += len(chunk)
                if size > 2 * SIZE_LIMIT:
                    raise BuildFailed(f"{path} holds over {SIZE_LIMIT} bytes")
                archive.write(chunk)
    except NotFound:
        raise BuildFailed(f"the command left no {path}") from None


def _unpack(archive: IO[bytes], directory: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    with tarfile.open(fileobj=archive) as entries:
        for entry in entries:
            _, _, name = entry.name.partition("/")
            if entry.isdir() or not name:
                continue
            if not entry.isfile():
                raise BuildFailed(f"{name} is a link or a device; a site has files only")
            entries.extract(entry, directory, filter="data")
            files[name] = directory / entry.name
    return files


def _bundle(files: dict[str, Path], target: Path) -> Digest:
    if ENTRY_DOCUMENT not in files:
        raise BuildFailed(f"the output has no {ENTRY_DOCUMENT}; it has {len(files)} files")
    if len(files) > FILES_LIMIT or sum(path.stat().st_size for path in files.values()) > SIZE_LIMIT:
        raise BuildFailed(f"a site has at most {FILES_LIMIT} files and {SIZE_LIMIT} bytes")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as bundle:
        for name in sorted(files):
            if files[name].is_symlink():
                raise BuildFailed(f"{name} is a link; a site has files only")
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    return f"sha256:{hashlib.sha256(target.read_bytes()).hexdigest()}"

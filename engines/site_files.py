"""The files of a site's bundle: read without trust, and how each is served."""

from __future__ import annotations

import mimetypes
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from domain.artifact import Digest, digest_of
from domain.errors import InvalidInput
from engines.site_bundle import ENTRY_DOCUMENT, FILES_LIMIT, SIZE_LIMIT

#: Bytes of a name; what S3 takes for a key is 1024 with the prefix.
NAME_LIMIT = 900

#: A name that says by itself which bytes it stands for: eight or more hexadecimal digits, not
#: all of them decimal, so that ``report-20260101.pdf`` is none.
HASHED_NAME = re.compile(r"[.-](?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\.[^/]+$")

FOREVER = "public, max-age=31536000, immutable"
ASK_EVERY_TIME = "no-cache"

#: Not the machine's own tables, so that a site is served alike wherever it was deployed from.
_types = mimetypes.MimeTypes(filenames=())
for _suffix, _type in {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
}.items():
    _types.add_type(_type, _suffix)


class Bundle:
    """An opened bundle; :attr:`files` has the digest of every file in it, by path."""

    def __init__(self, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._archive = archive
        self._entries = entries
        self.files: dict[str, Digest] = {}
        size = 0
        for path in entries:
            content = self.read(path)
            size += len(content)
            if size > SIZE_LIMIT:
                raise _bad(f"its files are over {SIZE_LIMIT} bytes")
            self.files[path] = digest_of(content)

    def read(self, path: str) -> bytes:
        """A file's content, checked against the bundle's checksum."""
        entry = self._entries[path]
        if entry.file_size > SIZE_LIMIT:
            raise _bad(f"{path!r} is over {SIZE_LIMIT} bytes")
        try:
            # zipfile reads no more than the size that the entry declares.
            return self._archive.read(entry)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError, OSError) as error:
            raise _bad(f"{path!r} cannot be read: {error}") from None


@contextmanager
def open_bundle(file: Path) -> Iterator[Bundle]:
    """Open a zip file of a site.

    :raises InvalidInput: not a zip file, over 20,000 files or 512 MiB (counted while reading), a
        link or another thing that is no file, a name that leaves the site or that is there twice,
        no ``index.html``.
    """
    if file.stat().st_size > SIZE_LIMIT:
        raise _bad(f"it is over {SIZE_LIMIT} bytes")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _bad(f"it is no zip file: {error}") from None
    with archive:
        yield Bundle(archive, _entries(archive))


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    listed = archive.infolist()
    if len(listed) > FILES_LIMIT:
        raise _bad(f"it has {len(listed)} files, at most {FILES_LIMIT} are allowed")
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in listed:
        if entry.is_dir():
            continue
        name, mode = entry.filename, entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise _bad(f"{name!r} is a link or a device; a site has files only")
        if _leaves(name) or len(name.encode(errors="replace")) > NAME_LIMIT or not name.isprintable():
            raise _bad(f"{name[:200]!r} is no path inside of the site")
        if name in entries:
            raise _bad(f"{name!r} is there twice")
        entries[name] = entry
    if ENTRY_DOCUMENT not in entries:
        raise _bad(f"it has no {ENTRY_DOCUMENT}")
    return entries


def _leaves(name: str) -> bool:
    return name != PurePosixPath(name).as_posix() or name.startswith("/") or ".." in name.split("/") or "\\" in name


def _bad(problem: str) -> InvalidInput:
    return InvalidInput(problem, where="bundle of the site", expected="a zip file as Onward's build makes it")


def in_upload_order(paths: Iterator[str] | list[str]) -> tuple[list[str], list[str]]:
    """Assets, then documents: what a document refers to is there before it; the entry comes last."""
    documents = sorted((path for path in paths if is_document(path)), key=lambda path: (path == ENTRY_DOCUMENT, path))
    return sorted(set(paths) - set(documents)), documents


def is_document(path: str) -> bool:
    """Whether it is a page, which people reach by its name."""
    return path.endswith((".html", ".htm"))


def content_type(path: str) -> str:
    """The media type by the name; text is UTF-8."""
    guessed, encoding = _types.guess_type(path)
    if guessed is None or encoding is not None:
        return "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


def cache_control(path: str) -> str:
    """For ever when the name carries a hash of the content; else a browser asks every time."""
    return FOREVER if HASHED_NAME.search(path) and not is_document(path) else ASK_EVERY_TIME

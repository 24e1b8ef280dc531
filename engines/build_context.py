"""Build contexts: which files of a directory go into a build, and a digest over exactly them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from docker.utils.build import exclude_paths

from domain.artifact import Digest, canonical_json, digest_of
from domain.service import DEFINITION_FILE

IGNORE_FILE = ".dockerignore"


def context_paths(context: Path, dockerfile: str | None = None) -> list[str]:
    """The files and links of a context, relative and sorted.

    What ``.dockerignore`` excludes is left out, and so is ``service.yaml``, always: a change of
    configuration alone must build nothing.
    """
    ignore = context / IGNORE_FILE
    patterns = ignore.read_text("utf-8", errors="replace").splitlines() if ignore.is_file() else []
    wanted = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    chosen: set[str] = exclude_paths(str(context), [*wanted, DEFINITION_FILE], dockerfile=dockerfile)
    return sorted(path for path in chosen if (context / path).is_symlink() or (context / path).is_file())


def context_digest(context: Path) -> Digest:
    """A digest over the path, the mode and the content of every file of a context."""
    return digest_of(canonical_json(list(_entries(context))))


def _entries(context: Path) -> Iterator[list[str]]:
    for path in context_paths(context):
        file = context / path
        if file.is_symlink():
            yield [path, "link", str(file.readlink())]
            continue
        mode = "755" if file.stat().st_mode & 0o100 else "644"
        yield [path, mode, hashlib.sha256(file.read_bytes()).hexdigest()]

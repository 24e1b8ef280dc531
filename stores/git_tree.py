"""A directory in git's objects: what is in it, and the content of that."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from domain.errors import InvalidInput, Unreachable
from domain.service import DEFINITION_FILE
from domain.service_files import ServiceFiles, checked_files
from domain.strict_yaml import SIZE_LIMIT as DEFINITION_LIMIT
from stores.git_command import SERVER, Git

FILE, EXECUTABLE, LINK, SUBMODULE, TREE = "100644", "100755", "120000", "160000", "040000"

#: Bytes of a link's target that a file system takes.
TARGET_LIMIT = 4096


@dataclass(frozen=True)
class Entry:
    """A line of ``git ls-tree``; ``path`` is relative to the service's directory, ``size`` 0 unless asked for."""

    mode: str
    id: str
    path: str
    size: int


def entries(git: Git, commit: str, path: str, *options: str) -> Iterator[Entry]:
    """What a path is, or with ``-r`` all files below it, relative to it; with ``--long`` their sizes."""
    # A trailing slash means what is in the directory, not the directory.
    inside = [] if path == "." else [f"{path}/" if options else path]
    for line in git.read("ls-tree", "-z", *options, commit, "--", *inside).split(b"\0")[:-1]:
        head, _, name = line.partition(b"\t")
        mode, _, identity, *size = head.decode().split()
        text = name.decode(errors="replace")
        relative = text if path == "." else text.removeprefix(f"{path}/")
        yield Entry(mode, identity, relative, int(size[0]) if size and size[0].isdigit() else 0)


def require_directory(git: Git, commit: str, directory: str) -> None:
    """:raises InvalidInput: the commit has no such directory."""
    entry = None if directory == "." else next(iter(entries(git, commit, directory)), None)
    if directory != "." and (entry is None or entry.mode != TREE):
        raise InvalidInput(
            f"there is no directory {directory} at {commit[:12]}",
            where=git.remote.shown,
            expected="a directory that the commit has",
        )


def service_files(git: Git, directory: str, found: Sequence[Entry]) -> ServiceFiles:
    """The entries of a service's directory, checked; reads links and ``service.yaml``, no other file."""
    links = [entry for entry in found if entry.mode == LINK]
    plain = {entry.path: entry.id for entry in found if entry.mode in (FILE, EXECUTABLE)}
    definition = plain.get(DEFINITION_FILE)
    return checked_files(
        ServiceFiles(
            directory=directory,
            files=frozenset(plain),
            links={link.path: os.fsdecode(target) for link, target in contents(git, links, TARGET_LIMIT)},
            submodules=frozenset(entry.path for entry in found if entry.mode == SUBMODULE),
            definition=git.beginning(DEFINITION_LIMIT + 1, "cat-file", "blob", definition) if definition else b"",
            size=sum(entry.size for entry in found),
        )
    )


def contents(git: Git, wanted: Sequence[Entry], limit: int) -> Generator[tuple[Entry, bytes], None, None]:
    """Each entry with its content; close it when it is left early.

    :param limit: bytes of one entry. :raises InvalidInput: it has more.
    :raises Unreachable: the server did not give an object that was left out before.
    """
    if not wanted:
        return
    with tempfile.TemporaryFile() as names:
        names.writelines(f"{entry.id}\n".encode() for entry in wanted)
        names.seek(0)
        with git.stream("cat-file", "--batch", "--buffer", stdin=names) as output:
            # For each object: a line that ends with its size, its bytes, a line feed.
            for entry in wanted:
                size = output.readline().rpartition(b" ")[2].strip()
                if not size.isdigit():
                    raise Unreachable(SERVER, git.remote.shown, f"it gave no {entry.path}")
                if int(size) > limit:
                    raise InvalidInput(f"it has {int(size)} bytes", where=entry.path, expected=f"at most {limit} bytes")
                content = output.read(int(size))
                output.read(1)
                yield entry, content

"""Git repositories: one commit's files, fetched shallowly and read as objects."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from domain.errors import InvalidInput
from domain.evidence import Changes
from domain.progress import Progress
from domain.service import DEFINITION_FILE
from domain.source import checked_commit, checked_directory
from domain.strict_yaml import SIZE_LIMIT as DEFINITION_LIMIT
from stores import git_history
from stores.git_command import Git, Remote
from stores.git_fetch import SHALLOW, asked, fetched
from stores.unwatched import UNWATCHED

FILES_LIMIT = 50_000
SIZE_LIMIT = 1024**3

FILE, EXECUTABLE, LINK, SUBMODULE, TREE = "100644", "100755", "120000", "160000", "040000"

#: A definition is fetched without large files, where the server knows how to leave them out.
SMALL_FILES = f"--filter=blob:limit={DEFINITION_LIMIT + 1}"


@dataclass(frozen=True)
class _Entry:
    """A line of ``git ls-tree --long``; ``path`` is relative to the service's directory."""

    mode: str
    id: str
    size: int
    path: str


class GitRepositories:
    """A :class:`domain.source.Repositories` by the git command.

    Objects are read, never checked out: so no hook, no filter (LFS) and no attribute acts, and
    a file is what was committed. Credentials come from the worker's own git and ssh settings.

    :param timeout: seconds for one fetch from a server that answers.
    """

    def __init__(self, *, timeout: float = 300) -> None:
        self._timeout = timeout

    def definition(self, repository: str, commit: str, service_directory: str, progress: Progress = UNWATCHED) -> str:
        """The text of ``service.yaml`` at a commit; raises as the interface says."""
        directory = checked_directory(service_directory)
        file = DEFINITION_FILE if directory == "." else f"{directory}/{DEFINITION_FILE}"
        with fetched(self._remote(repository, progress), commit, [*SHALLOW, SMALL_FILES]) as git:
            _require_directory(git, commit, directory)
            entry = next(iter(_entries(git, commit, file)), None)
            if entry is None or entry.mode not in (FILE, EXECUTABLE):
                raise InvalidInput(
                    "no such file in the commit" if entry is None else "it is not a plain file",
                    where=file,
                    expected="a service definition",
                    next="name the service's directory with --service-dir, or write one: docs/service-yaml.md",
                )
            if entry.size > DEFINITION_LIMIT:
                expected = f"at most {DEFINITION_LIMIT // 1024} KiB"
                raise InvalidInput(f"it has {entry.size} bytes", where=file, expected=expected)
            content = git.read("cat-file", "blob", entry.id)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise InvalidInput("not text", where=f"{file}:{line}", expected="UTF-8") from None

    def checkout(
        self, repository: str, commit: str, service_directory: str, into: Path, progress: Progress = UNWATCHED
    ) -> None:
        """Write the files of a directory; links last, so that nothing is written through one."""
        directory = checked_directory(service_directory)
        with fetched(self._remote(repository, progress), commit, SHALLOW) as git:
            _require_directory(git, commit, directory)
            entries = _checked(list(_entries(git, commit, directory, "-r")), directory)
            files = [entry for entry in entries if entry.mode != LINK]
            links = [entry for entry in entries if entry.mode == LINK]
            with tempfile.TemporaryFile() as wanted:
                wanted.writelines(f"{entry.id}\n".encode() for entry in [*files, *links])
                wanted.seek(0)
                with git.stream("cat-file", "--batch", "--buffer", stdin=wanted) as output:
                    _write(output, files, links, into)
        for link in links:
            if not Path(os.path.realpath(into / link.path)).is_relative_to(into.resolve()):
                raise InvalidInput("it is a link that leads out", where=link.path, expected="a link inside")

    def is_ancestor(self, repository: str, commit: str, of: str, progress: Progress = UNWATCHED) -> bool:
        """Whether a commit is a proper ancestor of another; fetches commits alone, as few as answer it."""
        for each in (commit, of):
            checked_commit(each)
        question = partial(git_history.is_ancestor, commit=commit, of=of)
        return commit != of and asked(self._remote(repository, progress), question)

    def changes(
        self, repository: str, since: str | None, until: str, limit: int, progress: Progress = UNWATCHED
    ) -> Changes:
        """What came in between two commits; fetches commits alone."""
        for each in (until, since or until):
            checked_commit(each)
        question = partial(git_history.changes, since=since, until=until, limit=limit)
        return asked(self._remote(repository, progress), question)

    def _remote(self, repository: str, progress: Progress) -> Remote:
        return Remote(repository, self._timeout, progress)


def _entries(git: Git, commit: str, path: str, *options: str) -> Iterator[_Entry]:
    """What a path is, or with ``-r`` all files below it, relative to it."""
    # A trailing slash means what is in the directory, not the directory.
    inside = [] if path == "." else [f"{path}/" if options else path]
    for line in git.read("ls-tree", "-z", "--long", *options, commit, "--", *inside).split(b"\0")[:-1]:
        head, _, name = line.partition(b"\t")
        mode, _, identity, size = head.decode().split()
        text = name.decode(errors="replace")
        relative = text if path == "." else text.removeprefix(f"{path}/")
        yield _Entry(mode, identity, int(size) if size.isdigit() else 0, relative)


def _require_directory(git: Git, commit: str, directory: str) -> None:
    entry = None if directory == "." else next(iter(_entries(git, commit, directory)), None)
    if directory != "." and (entry is None or entry.mode != TREE):
        raise InvalidInput(
            f"there is no directory {directory} at {commit[:12]}", where=git.remote.shown, expected="--service-dir"
        )


def _checked(entries: list[_Entry], directory: str) -> list[_Entry]:
    if len(entries) > FILES_LIMIT or sum(entry.size for entry in entries) > SIZE_LIMIT:
        raise InvalidInput(
            "the directory is too large",
            where=directory,
            expected=f"at most {FILES_LIMIT} files and {SIZE_LIMIT} bytes",
        )
    for entry in entries:
        if entry.mode == SUBMODULE:
            raise InvalidInput("it is a submodule", where=entry.path, expected="files; what is built is one commit")
        if "\N{REPLACEMENT CHARACTER}" in entry.path:
            raise InvalidInput("its name is not text", where=entry.path, expected="UTF-8")
        # Git itself never makes such a tree, but a server can send one.
        if not {"", ".", ".."}.isdisjoint(entry.path.split("/")):
            raise InvalidInput("it leads out of the directory", where=entry.path, expected="a path without ..")
    return entries


def _write(output: IO[bytes], files: list[_Entry], links: list[_Entry], into: Path) -> None:
    """Write what ``git cat-file --batch`` prints: for each object a line, its bytes, a line feed."""
    for entry in [*files, *links]:
        output.readline()
        content = output.read(entry.size)
        output.read(1)
        target = into / entry.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.mode == LINK:
                target.symlink_to(os.fsdecode(content))
            else:
                target.write_bytes(content)
                target.chmod(0o755 if entry.mode == EXECUTABLE else 0o644)
        except (OSError, ValueError) as error:
            raise InvalidInput(f"it cannot be written: {error}", where=entry.path) from None

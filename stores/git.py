"""Git repositories: one commit's files, fetched shallowly and read as objects."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from pathlib import Path

from domain.errors import InvalidInput
from domain.evidence import Changes
from domain.progress import Progress
from domain.service_files import SIZE_LIMIT, ServiceFiles
from domain.source import checked_commit, checked_directory
from domain.strict_yaml import SIZE_LIMIT as DEFINITION_LIMIT
from stores import git_history
from stores.git_command import Remote
from stores.git_fetch import SHALLOW, asked, fetched
from stores.git_tree import EXECUTABLE, LINK, Entry, contents, entries, require_directory, service_files
from stores.unwatched import UNWATCHED

#: Before a release starts its files are fetched without large ones, where the server can leave them out.
SMALL_FILES = f"--filter=blob:limit={DEFINITION_LIMIT + 1}"


class GitRepositories:
    """A :class:`domain.source.Repositories` by the git command.

    Objects are read, never checked out: so no hook, no filter (LFS) and no attribute acts, and
    a file is what was committed. Credentials come from the worker's own git and ssh settings.

    :param timeout: seconds for one fetch from a server that answers.
    """

    def __init__(self, *, timeout: float = 300) -> None:
        self._timeout = timeout

    def files(
        self, repository: str, commit: str, service_directory: str, progress: Progress = UNWATCHED
    ) -> ServiceFiles:
        """What a directory holds; raises as the interface says."""
        directory = checked_directory(service_directory)
        with fetched(self._remote(repository, progress), commit, [*SHALLOW, SMALL_FILES]) as git:
            require_directory(git, commit, directory)
            # Without sizes: git would fetch what was left out, to see how large it is.
            return service_files(git, directory, list(entries(git, commit, directory, "-r")))

    def checkout(
        self, repository: str, commit: str, service_directory: str, into: Path, progress: Progress = UNWATCHED
    ) -> ServiceFiles:
        """Write the files of a directory; links last, so that nothing is written through one."""
        directory = checked_directory(service_directory)
        with fetched(self._remote(repository, progress), commit, SHALLOW) as git:
            require_directory(git, commit, directory)
            found = list(entries(git, commit, directory, "-r", "--long"))
            checked = service_files(git, directory, found)
            with closing(contents(git, sorted(found, key=lambda entry: entry.mode == LINK), SIZE_LIMIT)) as written:
                for entry, content in written:
                    _write(into / entry.path, entry, content)
        return checked

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


def _write(target: Path, entry: Entry, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == LINK:
            target.symlink_to(os.fsdecode(content))
        else:
            target.write_bytes(content)
            target.chmod(0o755 if entry.mode == EXECUTABLE else 0o644)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"it cannot be written: {error}", where=entry.path) from None

"""A repository of one's own for one question: made, filled by what is fetched, gone afterwards."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from domain.errors import InvalidInput
from domain.source import checked_commit
from stores.git_command import CommitNotThere, Git, NotByCommit, shown

Answer = TypeVar("Answer")

#: One commit without its history.
SHALLOW = ("--depth=1",)


def asked(repository: str, timeout: float, question: Callable[[Git], Answer]) -> Answer:
    """The answer to a question that fetches for itself what it needs.

    It is asked once more, with everything there, where the server gives branches and tags only.

    :param timeout: seconds for one fetch from a server that answers.
    """
    with _scratch(repository) as directory:
        try:
            return question(Git(directory / "commits", repository, timeout))
        except NotByCommit:
            return question(_everything(directory, repository, timeout))


@contextmanager
def fetched(repository: str, commit: str, options: Sequence[str], timeout: float) -> Iterator[Git]:
    """A repository that has a commit.

    :param options: how much of it is fetched, from a server that gives single commits.
    :raises InvalidInput: the repository cannot be read, or the commit is not there.
    :raises Unreachable: its server does not answer.
    """
    checked_commit(commit)
    with _scratch(repository) as directory:
        try:
            git = Git(directory / "commit", repository, timeout)
            fetch_required(git, commit, options)
        except NotByCommit:
            # Afresh: git would look for files left out at a server that knows no such thing.
            git = _everything(directory, repository, timeout)
            fetch_required(git, commit, options)
        yield git


def fetch_required(git: Git, commit: str, options: Sequence[str]) -> None:
    """Fetch a commit; ``InvalidInput`` when it is not there, or no commit."""
    try:
        git.fetch([commit], options)
        kind = git.read("cat-file", "-t", commit).decode().strip()
    except (CommitNotThere, subprocess.CalledProcessError):
        raise InvalidInput(
            f"there is no commit {commit}",
            where=git.shown,
            expected="a commit that was pushed",
            next="git push, then the same command again",
        ) from None
    if kind != "commit":
        raise InvalidInput(f"{commit} is a {kind}", where=git.shown, expected="a commit")


def fetch_if_there(git: Git, commit: str, options: Sequence[str]) -> bool:
    """Fetch a commit, if the repository has it."""
    try:
        git.fetch([commit], options)
        return git.read("cat-file", "-t", commit).decode().strip() == "commit"
    except (CommitNotThere, subprocess.CalledProcessError):
        return False


@contextmanager
def _scratch(repository: str) -> Iterator[Path]:
    if not repository or repository.startswith("-"):
        raise InvalidInput(f"{shown(repository)!r} is not a repository", where="--repo", expected="a URL or a path")
    with tempfile.TemporaryDirectory(prefix="onward-git-") as directory:
        yield Path(directory)


def _everything(directory: Path, repository: str, timeout: float) -> Git:
    git = Git(directory / "everything", repository, timeout, partial=False)
    with suppress(CommitNotThere):  # an empty repository has no branch, and so no commit
        git.fetch_everything()
    return git

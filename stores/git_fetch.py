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
from stores.git_command import CommitNotThere, Git, NotByCommit, Remote

Answer = TypeVar("Answer")

#: One commit without its history.
SHALLOW = ("--depth=1",)


def asked(remote: Remote, question: Callable[[Git], Answer]) -> Answer:
    """The answer to a question that fetches for itself what it needs.

    It is asked once more, with everything there, where the server gives branches and tags only.
    """
    with _scratch(remote) as directory:
        try:
            return question(Git(directory / "commits", remote))
        except NotByCommit:
            return question(_everything(directory, remote))


@contextmanager
def fetched(remote: Remote, commit: str, options: Sequence[str]) -> Iterator[Git]:
    """A repository that has a commit.

    :param options: how much of it is fetched, from a server that gives single commits.
    :raises InvalidInput: the repository cannot be read, or the commit is not there.
    :raises Unreachable: its server does not answer.
    """
    checked_commit(commit)
    with _scratch(remote) as directory:
        try:
            git = Git(directory / "commit", remote)
            fetch_required(git, commit, options)
        except NotByCommit:
            # Afresh: git would look for files left out at a server that knows no such thing.
            git = _everything(directory, remote)
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
            where=git.remote.shown,
            expected="a commit that was pushed",
            next="git push, then the same command again",
        ) from None
    if kind != "commit":
        raise InvalidInput(f"{commit} is a {kind}", where=git.remote.shown, expected="a commit")


def fetch_if_there(git: Git, commit: str, options: Sequence[str]) -> bool:
    """Fetch a commit, if the repository has it."""
    try:
        git.fetch([commit], options)
        return git.read("cat-file", "-t", commit).decode().strip() == "commit"
    except (CommitNotThere, subprocess.CalledProcessError):
        return False


@contextmanager
def _scratch(remote: Remote) -> Iterator[Path]:
    if not remote.repository or remote.repository.startswith("-"):
        raise InvalidInput(f"{remote.shown!r} is not a repository", where="--repo", expected="a URL or a path")
    with tempfile.TemporaryDirectory(prefix="onward-git-") as directory:
        yield Path(directory)


def _everything(directory: Path, remote: Remote) -> Git:
    git = Git(directory / "everything", remote, leaves_out=False)
    with suppress(CommitNotThere):  # an empty repository has no branch, and so no commit
        git.fetch_everything()
    return git

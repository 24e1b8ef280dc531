"""Git repositories, read with the git command. Nothing of a repository is ever run."""

from __future__ import annotations

import posixpath
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import InvalidInput
from domain.service import DEFINITION_FILE
from domain.strict_yaml import SIZE_LIMIT
from stores.git_command import Git

LINK, SUBMODULE = "120000", "160000"
FILES_LIMIT = 50_000
BYTES_LIMIT = 1024**3


class GitRepositories:
    """A :class:`domain.source.Repositories`: a shallow fetch of one commit into a throw-away folder."""

    def definition(self, repository: str, commit: str, service_directory: str) -> str:
        """The text of ``service.yaml`` at a commit."""
        path = posixpath.normpath(posixpath.join(service_directory, DEFINITION_FILE))
        with self._fetched(repository, commit, filtered=True) as git:
            size = git.output("cat-file", "-s", f"{commit}:{path}", missing=_no_file(path, commit))
            if int(size) > SIZE_LIMIT:
                raise InvalidInput(f"{size.strip()} bytes", where=path, expected=f"at most {SIZE_LIMIT} bytes")
            try:
                return git.content("cat-file", "blob", f"{commit}:{path}").decode()
            except UnicodeDecodeError:
                raise InvalidInput("not text", where=path, expected="UTF-8") from None

    def checkout(self, repository: str, commit: str, service_directory: str, into: Path) -> None:
        """The files of the service's directory, as committed, below ``into``."""
        with self._fetched(repository, commit, filtered=False) as git:
            tree = commit if service_directory == "." else f"{commit}:{service_directory}"
            listing = git.output(
                "ls-tree", "-r", "-l", "-z", "--full-tree", tree, missing=_no_directory(service_directory, commit)
            )
            for mode, blob, path in _entries(listing):
                if mode == SUBMODULE:
                    raise InvalidInput("a submodule", where=path, expected="files of the repository itself")
                if mode == LINK:
                    _refuse_link_out(path, git.output("cat-file", "blob", blob))
            with tempfile.TemporaryFile() as archive:
                git.write(archive, "archive", "--format=tar", tree)
                archive.seek(0)
                with tarfile.open(fileobj=archive) as entries:
                    entries.extractall(into, filter="data")

    @contextmanager
    def _fetched(self, repository: str, commit: str, *, filtered: bool) -> Iterator[Git]:
        url = _url(repository)
        with tempfile.TemporaryDirectory() as directory:
            git = Git(Path(directory), url)
            git.output("init", "--quiet", "--bare")
            git.fetch(commit, filtered=filtered)
            yield git


def _url(repository: str) -> str:
    """What git fetches from; a path is made absolute, and nothing can be taken for an option."""
    if repository.startswith("-") or "::" in repository:
        raise InvalidInput(f"{repository!r} is not a repository", where="--repo", expected="a URL or a path")
    path = Path(repository)
    return str(path.resolve()) if "://" not in repository and path.exists() else repository


def _entries(listing: str) -> Iterator[tuple[str, str, str]]:
    """Mode, object and path of each file; ``InvalidInput`` when there are too many, or too much in them."""
    total = 0
    for count, row in enumerate(filter(None, listing.split("\0"))):
        fields, _, path = row.partition("\t")
        mode, _, name, size = fields.split()
        total += 0 if size == "-" else int(size)
        if count >= FILES_LIMIT or total > BYTES_LIMIT:
            raise InvalidInput(
                "the service's directory is too large", where=path, expected=f"{FILES_LIMIT} files, {BYTES_LIMIT} bytes"
            )
        yield mode, name, path


def _refuse_link_out(path: str, target: str) -> None:
    end = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if target.startswith("/") or end == ".." or end.startswith("../"):
        raise InvalidInput(f"a link to {target}", where=path, expected="links that stay inside the service's directory")


def _no_file(path: str, commit: str) -> InvalidInput:
    return InvalidInput(
        f"the commit {commit[:12]} has no such file",
        where=path,
        expected="a service definition",
        next="name the service's directory with --service-dir, or write one: docs/service-yaml.md",
    )


def _no_directory(directory: str, commit: str) -> InvalidInput:
    return InvalidInput(f"the commit {commit[:12]} has no such directory", where=directory)

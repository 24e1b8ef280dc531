"""Where a service's source comes from, and what Onward needs of the store that keeps it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.artifact import Digest, canonical_json, digest_of
from domain.errors import InvalidInput
from domain.evidence import Changes
from domain.identity import COMMIT_PATTERN, ServiceId
from domain.progress import Progress
from domain.service import Kind, ServiceDefinition


class Repositories(Protocol):
    """Git. Nothing of a repository is ever run; only its objects are read.

    A server may be slow: a cancel of ``progress`` ends what git does, and is raised.
    """

    def definition(self, repository: str, commit: str, service_directory: str, progress: Progress) -> str:
        """The text of ``service.yaml`` at a commit, by a shallow fetch.

        :raises InvalidInput: the repository cannot be read, the commit is not there, the
            directory or the file is not there, or the file is over 256 KiB.
        :raises Unreachable: the repository's server does not answer.
        """

    def checkout(self, repository: str, commit: str, service_directory: str, into: Path, progress: Progress) -> None:
        """The files of the service's directory, as committed, below ``into`` (which is empty).

        Raises as :meth:`definition`, and ``InvalidInput`` for a link that leads out of the
        directory. Submodules are refused.
        """

    def is_ancestor(self, repository: str, commit: str, of: str, progress: Progress) -> bool:
        """Whether ``commit`` is a proper ancestor of ``of``: what has ``of`` has it, and more.

        ``False`` when ``of`` is not in the repository: then nothing connects the two.

        :raises InvalidInput: the repository cannot be read, or ``commit`` is not there.
        :raises Unreachable: the repository's server does not answer.
        """

    def changes(self, repository: str, since: str | None, until: str, limit: int, progress: Progress) -> Changes:
        """The commits that ``until`` has and ``since`` has not, the newest first, ``limit`` at most.

        Without ``since``, or when it is not in the repository, the newest commits of ``until``;
        what came before them is not counted then. Raises as :meth:`is_ancestor`, for ``until``.
        """


class SnapshotFormat(Protocol):
    """An archive that is the same bytes for the same files."""

    def pack(self, directory: Path, file: Path) -> Digest:
        """Write all files below a directory to one archive file."""

    def unpack(self, file: Path, directory: Path) -> None:
        """The reverse; refuses what would leave the directory."""


class Directory(BaseModel):
    """Which service a repository's directory holds: claimed by its first release, for good."""

    model_config = ConfigDict(frozen=True)

    repository: str
    service_directory: str
    service: ServiceId

    @property
    def digest(self) -> Digest:
        """A name for the directory, whatever service it holds."""
        return digest_of(canonical_json([_normal_repository(self.repository), self.service_directory]))


def missing_build_files(definition: ServiceDefinition, paths: Collection[str]) -> list[str]:
    """What a definition names but the commit does not have, one sentence each.

    :param paths: all files of the service's directory, relative to it.
    """
    dockerfile = None if definition.kind is Kind.STATIC else definition.build.dockerfile
    builds = [("build", definition.build.context, dockerfile)]
    if definition.tests:
        suite = definition.tests.integration
        builds.append(("tests.integration", suite.context, suite.dockerfile))
    missing = []
    for key, context, dockerfile in builds:
        inside = "" if context == "." else f"{context}/"
        if not any(path.startswith(inside) for path in paths):
            missing.append(f"{key}: there is no directory {context}")
        elif dockerfile and inside + dockerfile not in paths:
            missing.append(f"{key}: there is no file {inside}{dockerfile}")
    return missing


def checked_commit(text: str) -> str:
    """A full commit SHA-1; ``InvalidInput`` for a branch name, a tag or an abbreviation."""
    if re.fullmatch(COMMIT_PATTERN, text):
        return text
    raise InvalidInput(
        f"{text!r} is not a full commit",
        where="--commit",
        expected="40 hexadecimal digits; a branch moves, a commit does not",
        next=f"git rev-parse {text}" if re.fullmatch(r"[\w./-]+", text) else "git rev-parse HEAD",
    )


def checked_repository(text: str) -> str:
    """A repository that holds no credential; it is kept with the release, in manifests and in evidence."""
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise InvalidInput(
            "the URL holds a credential, which would be kept with the release",
            where="--repo",
            expected="a URL without user and password; git's credential helper or ssh has them",
        )
    return text


def checked_directory(text: str) -> str:
    """A directory inside a repository, in its normal form; ``InvalidInput`` when it leads out."""
    normal = posixpath.normpath(text or ".")
    if normal.startswith(("/", "../")) or normal == "..":
        raise InvalidInput(
            f"{text!r} leads out of the repository",
            where="--service-dir",
            expected="a relative path without ..",
        )
    return normal


def _normal_repository(url: str) -> str:
    return url.rstrip("/").removesuffix(".git").rstrip("/")

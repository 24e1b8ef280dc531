"""Where a service's source comes from, and what Onward needs of the store that keeps it."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.artifact import Digest, canonical_json, digest_of
from domain.errors import InvalidInput
from domain.evidence import Changes
from domain.identity import COMMIT_PATTERN, ServiceId
from domain.key_fault import KeyFault
from domain.progress import Progress
from domain.repository import same_for_all_spellings
from domain.service_files import ServiceFiles


class Repositories(Protocol):
    """Git. Nothing of a repository is ever run; only its objects are read.

    A server may be slow: a cancel of ``progress`` ends what git does, and is raised.
    """

    def files(self, repository: str, commit: str, service_directory: str, progress: Progress) -> ServiceFiles:
        """What the service's directory holds at a commit, by a shallow fetch; checked.

        :raises InvalidInput: the repository cannot be read, the commit or the directory is not
            there, or as :func:`domain.service_files.checked_files` says.
        :raises Unreachable: the repository's server does not answer.
        """

    def checkout(
        self, repository: str, commit: str, service_directory: str, into: Path, progress: Progress
    ) -> ServiceFiles:
        """The same, and the files themselves, as committed, below ``into`` (which is empty).

        Raises as :meth:`files`; then nothing was written.
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
        return digest_of(canonical_json([same_for_all_spellings(self.repository), self.service_directory]))


def changed_keys(found: ServiceId, required: ServiceId, why: str) -> list[KeyFault]:
    """Application and role of a definition, as far as they are not what they have to be."""
    return [
        KeyFault((key,), f'"{has}"', f'"{must}": {why}')
        for key, has, must in (
            ("application", found.application, required.application),
            ("role", found.role, required.role),
        )
        if has != must
    ]


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

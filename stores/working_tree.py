"""A service's directory on a disk: what a commit of it would hold."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from domain.errors import InvalidInput
from domain.service import DEFINITION_FILE
from domain.service_files import ServiceFiles, checked_files
from domain.strict_yaml import SIZE_LIMIT as DEFINITION_LIMIT
from stores.git_command import ENVIRONMENT, OPTIONS

#: What is known to git or could be; a link of an ignored ``.venv`` is nobody's business.
_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")


def files_on_disk(directory: Path) -> ServiceFiles:
    """What git would commit of a directory, checked; all of it where there is no repository.

    :raises InvalidInput: there is no such directory, or as :func:`domain.service_files.checked_files` says.
    """
    if not directory.is_dir():
        raise InvalidInput("no such directory", where=str(directory), expected="the directory of a service")
    files, links, submodules, size = set[str](), dict[str, str](), set[str](), 0
    for path, status in _found(directory):
        name = os.fsencode(path).decode(errors="replace")
        if stat.S_ISLNK(status.st_mode):
            links[name] = str((directory / path).readlink())
        elif stat.S_ISDIR(status.st_mode) and _is_submodule(directory / path):
            submodules.add(name)
        elif stat.S_ISREG(status.st_mode):
            files.add(name)
            size += status.st_size
    definition = directory / DEFINITION_FILE
    if DEFINITION_FILE not in {*files, *links} and definition.is_file():
        raise InvalidInput("git ignores it", where=str(definition), expected="a file that can be committed")
    return checked_files(
        ServiceFiles(
            directory=str(directory),
            files=frozenset(files),
            links=links,
            submodules=frozenset(submodules),
            definition=_beginning(definition) if DEFINITION_FILE in files else b"",
            size=size,
        )
    )


def _found(directory: Path) -> Iterator[tuple[str, os.stat_result]]:
    for path in _paths(directory):
        try:
            yield path, (directory / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted, which git does not know yet


def _paths(directory: Path) -> Iterable[str]:
    """Files, links, and the directories of submodules, relative."""
    command = ["env", *ENVIRONMENT, "git", *OPTIONS, "-c", "core.fsmonitor=false", "-C", str(directory), *_LIST]
    listed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if listed.returncode:
        below = (path for path in directory.rglob("*") if path.is_symlink() or not path.is_dir())
        return [path.relative_to(directory).as_posix() for path in below]
    return [os.fsdecode(name).rstrip("/") for name in listed.stdout.split(b"\0")[:-1]]


def _is_submodule(directory: Path) -> bool:
    """Not a directory that took the place of a file; a submodule that was not fetched is empty."""
    return (directory / ".git").exists() or not any(directory.iterdir())


def _beginning(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            return content.read(DEFINITION_LIMIT + 1)
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise InvalidInput(reason, where=str(file), expected="a readable file") from None

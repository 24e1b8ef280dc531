"""What a service's directory holds, at a commit or on a disk, and what of it is refused.

``onward check`` and a release ask here, so that both refuse the same, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from domain.errors import InvalidInput
from domain.key_fault import KeyFault
from domain.service import DEFINITION_FILE, Kind, ServiceDefinition

FILES_LIMIT = 50_000
SIZE_LIMIT = 1024**3

#: So many faults are told, and so many links are followed for one path.
FAULTS_LIMIT = 20
LINKS_LIMIT = 40


@dataclass(frozen=True)
class ServiceFiles:
    """All paths are relative to the directory and with slashes; no link is followed to list them.

    :param directory: how the directory is named in errors.
    :param links: path → target, as it is written.
    :param definition: the content of ``service.yaml``; of one that is too large the beginning.
    :param size: bytes of all files, where they are known.
    """

    directory: str
    files: frozenset[str]
    links: Mapping[str, str] = field(default_factory=dict)
    submodules: frozenset[str] = frozenset()
    definition: bytes = b""
    size: int = 0

    def named(self, path: str) -> str:
        """How a path is named in errors."""
        return str(PurePath(self.directory, path))

    def has_directory(self, path: str) -> bool:
        """Whether there is anything below a path."""
        return path == "." or any(each.startswith(f"{path}/") for each in (*self.files, *self.links))

    def behind(self, path: str) -> str | None:
        """What a path means once its links are followed; ``None`` when it leads out of the directory."""
        reached: list[str] = []
        followed, waiting = 0, path.split("/")[::-1]
        while waiting:
            part = waiting.pop()
            if part == ".." and not reached:
                return None
            if part == "..":
                reached.pop()
            elif part not in ("", "."):
                reached.append(part)
                target = self.links.get("/".join(reached))
                if target is not None and followed < LINKS_LIMIT:
                    if target.startswith("/"):
                        return None
                    followed += 1
                    reached.pop()
                    waiting += target.split("/")[::-1]
        return "/".join(reached)


def checked_files(files: ServiceFiles) -> ServiceFiles:
    """The same, if it can be released as far as its paths go: nothing is read or written before.

    :raises InvalidInput: there is too much, no ``service.yaml``, or something that must not be there.
    """
    if len(files.files) + len(files.links) > FILES_LIMIT or files.size > SIZE_LIMIT:
        raise InvalidInput(
            "the directory is too large",
            where=files.directory,
            expected=f"at most {FILES_LIMIT} files and {SIZE_LIMIT} bytes",
        )
    faults = list(_faults(files))
    if faults:
        rest = [f"and {len(faults) - FAULTS_LIMIT} more"] if len(faults) > FAULTS_LIMIT else []
        raise InvalidInput("\n".join([*faults[:FAULTS_LIMIT], *rest]))
    if DEFINITION_FILE not in files.files:
        raise InvalidInput(
            _instead_of_definition(files),
            where=files.named(DEFINITION_FILE),
            expected="a service definition, as a plain file",
            next="name the directory that has one, or write one: docs/service-yaml.md",
        )
    return files


def missing_build_files(definition: ServiceDefinition, files: ServiceFiles) -> list[KeyFault]:
    """What a definition names and the directory does not have."""
    build = definition.build
    wanted: list[tuple[tuple[str, ...], str, str | None]] = [
        (("build",), build.context, None if definition.kind is Kind.STATIC else build.dockerfile)
    ]
    if definition.tests:
        suite = definition.tests.integration
        wanted.append((("tests", "integration"), suite.context, suite.dockerfile))
    faults = []
    if definition.monitors and not files.has_directory(definition.monitors):
        problem = f"there is no directory {definition.monitors}"
        faults.append(KeyFault(("monitors",), problem, "a directory inside the service's directory"))
    for section, context, dockerfile in wanted:
        inside = "" if context == "." else f"{context}/"
        if not files.has_directory(context):
            expected = "a directory inside the service's directory"
            faults.append(KeyFault((*section, "context"), f"there is no directory {context}", expected))
        elif dockerfile:
            path = inside + dockerfile
            found = files.behind(path)
            if found not in files.files or not found.startswith(inside):
                problem = f"there is no file {path}" if found == path else f"{path} leads to no file of the context"
                faults.append(KeyFault((*section, "dockerfile"), problem, "a file inside the context"))
    return faults


def _instead_of_definition(files: ServiceFiles) -> str:
    if DEFINITION_FILE in files.links:
        return "it is a link"
    return "it is a directory" if files.has_directory(DEFINITION_FILE) else "no such file"


def _faults(files: ServiceFiles) -> Iterator[str]:
    for path in sorted((*files.files, *files.links, *files.submodules)):
        if fault := _fault(files, path):
            yield f"{files.named(path)}: {fault}"


def _fault(files: ServiceFiles, path: str) -> str | None:
    if "\N{REPLACEMENT CHARACTER}" in path:
        return "its name is not text; expected UTF-8"
    # Git itself never makes such a tree, but a server can send one.
    if not {"", ".", ".."}.isdisjoint(path.split("/")):
        return "it leads out of the directory; expected a path without .."
    if path in files.submodules:
        return "it is a submodule; expected files: what is built is one commit"
    if path in files.links and files.behind(path) is None:
        return "it is a link that leads out; expected a link that stays inside the service's directory"
    return None

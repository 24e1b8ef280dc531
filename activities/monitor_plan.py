"""What the monitors of a service are made of: its definition, and the files of its directory."""

from __future__ import annotations

from pathlib import Path

from domain import identity
from domain.artifact import ArtifactKind, canonical_json, digest_of
from domain.build import BuildInputs
from domain.monitor_files import FILES_LIMIT, SIZE_LIMIT, SUFFIXES
from domain.monitor_set import MonitorSet, monitors_of
from domain.service import ServiceDefinition


def monitor_plan(definition: ServiceDefinition, files: Path) -> tuple[BuildInputs, MonitorSet]:
    """Known by what would be tested: promtool runs only when a rule or a test is another one.

    :param files: the service's directory.
    :raises InvalidMonitors: a rule or a test that cannot be taken.
    """
    monitors = monitors_of(definition, _own(definition, files))
    content = canonical_json({"rules": monitors.rules, "tests": dict(monitors.tests)})
    repository = identity.image_repository(definition.service)
    return BuildInputs(kind=ArtifactKind.MONITORS, repository=repository, files=digest_of(content)), monitors


def _own(definition: ServiceDefinition, files: Path) -> dict[str, bytes]:
    """No more of them than it takes to see that there are too many, or that one is too large."""
    if definition.monitors is None:
        return {}
    folder = files / definition.monitors
    found = [each for each in sorted(folder.rglob("*")) if each.suffix in SUFFIXES and each.is_file()]
    return {each.relative_to(folder).as_posix(): _beginning(each) for each in found[: FILES_LIMIT + 1]}


def _beginning(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(SIZE_LIMIT + 1)

"""The monitors of a service directory on this disk, tested as a build tests them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from domain.monitor_files import FILES_LIMIT, SIZE_LIMIT, SUFFIXES
from domain.monitor_set import MonitorSet, monitors_of
from domain.service import ServiceDefinition
from domain.service_files import ServiceFiles
from engines.promtool import Promtool


class _Patient:
    """Nobody cancels but by Ctrl-C, which ends promtool, too."""

    def say(self, line: str) -> None:
        """The report at the end says it."""

    def closing(self, close: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def tested_monitors(definition: ServiceDefinition, directory: Path, files: ServiceFiles) -> MonitorSet:
    """The standard monitors and the service's own, all of which pass their tests.

    :raises InvalidMonitors: a file that cannot be taken. :raises BuildFailed: a test fails, or a rule is wrong.
    :raises NotFound: there is no promtool.
    """
    monitors = monitors_of(definition, _own(definition, directory, files))
    Promtool().test(monitors, _Patient())
    return monitors


def _own(definition: ServiceDefinition, directory: Path, files: ServiceFiles) -> dict[str, bytes]:
    """Only what a commit would hold."""
    below = f"{definition.monitors}/"
    names = [each.removeprefix(below) for each in sorted(files.files) if each.startswith(below)]
    found = [each for each in names if each.endswith(SUFFIXES)] if definition.monitors else []
    return {each: _beginning(directory / below / each) for each in found[: FILES_LIMIT + 1]}


def _beginning(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(SIZE_LIMIT + 1)

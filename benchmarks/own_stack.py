"""A whole stack for one benchmark: on free ports, and gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from settings import StackSettings
from stack.free_ports import on_free_ports
from tests.e2e.application import Application
from tests.e2e.commandline import Answer, CommandLine

#: A suite of one case that passes at once, and is the smoke case, too.
TRIVIAL_SUITE = """\
from pathlib import Path
Path("/reports/junit.xml").write_text('<testsuite><testcase name="test_smoke_nothing"/></testsuite>')
"""


@dataclass(frozen=True)
class OwnStack:
    """It is up; ``directory`` is for whatever the benchmark writes."""

    settings: StackSettings
    onward: CommandLine
    directory: Path

    def application(self, name: str = "bench") -> Application:
        """A copy of the example application under a name."""
        return Application(self.onward, self.settings, self.directory / name, name)


class ColdCommandLine(CommandLine):
    """Each call with its start, as a person has it."""

    def run(self, *words: str) -> Answer:
        """A process of its own."""
        return self.run_installed(*words)


@contextmanager
def own_stack() -> Iterator[OwnStack]:
    """Bring one up, and delete all of it."""
    with tempfile.TemporaryDirectory() as directory:
        settings = on_free_ports(Path(directory, "state"))
        onward = ColdCommandLine(settings.environment())
        try:
            up = onward.run("up")
            assert up.exit_code == 0, str(up)
            yield OwnStack(settings, onward, Path(directory))
        finally:
            onward.run("down", "--purge")

"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("onward", deadline=None)
settings.load_profile("onward")

#: The property of a report that holds a line to say.
TOLD = "told"


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Whatever fails is told at once, too: who stops a run of an hour, or has it stopped, knows why it was red."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        config.pluginmanager.register(ToldAtOnce(terminal))


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says a line beside the dots, also out of one of several processes: a figure that a test has measured."""
    return partial(record_property, TOLD)


class ToldAtOnce:
    """Prints failures, and what tests tell, between the dots; what else there is of a failure comes at the end."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of one phase of one test."""
        lines = [str(value) for name, value in report.user_properties if name == TOLD]
        if lines and report.when == "call":
            self._terminal.write_line("\n".join(["", f"{report.nodeid}:", *lines]))
        if report.failed:
            self._terminal.write_line(f"\n{report.nodeid} ({report.when}) failed:\n{report.longreprtext}", red=True)

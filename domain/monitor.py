"""Monitors as Onward asks about them: which fire for a service now."""

from __future__ import annotations

from typing import Protocol

from domain.environment import Environment
from domain.evidence import FiringMonitor
from domain.identity import ServiceId
from domain.monitor_set import InstalledMonitors, MonitorSet
from domain.monitor_state import JudgedRule
from domain.progress import Progress


class Alerts(Protocol):
    """Where monitors are judged. ``Unreachable`` when it does not answer."""

    def firing(self, environment: Environment, service: ServiceId) -> list[FiringMonitor]:
        """What fires for the service there, the longest first.

        A monitor is a service's by its labels ``environment``, ``application`` and ``role``.
        """


class Monitoring(Protocol):
    """The Prometheus of one environment. ``Unreachable`` when it does not answer."""

    def install(self, monitors: InstalledMonitors, progress: Progress) -> bool:
        """Have exactly these monitors of the service judged; whether anything had to be loaded anew.

        A second call finds what the first one did. What Prometheus rejects leaves what was there.

        :raises Superseded: those of a newer release are there.
        :raises DeployHalted: Prometheus does not take them, and what it says.
        """

    def judged(self, name: str) -> list[JudgedRule]:
        """The monitors of a service, by its canonical name, as they are judged now."""

    def value(self, query: str) -> float | None:
        """What an expression comes to now: its first series, or ``None`` without any.

        Raises ``VerifyFailed`` for one that is not taken.
        """


class NoAlerts:
    """Where nothing judges monitors, none fires."""

    def firing(self, environment: Environment, service: ServiceId) -> list[FiringMonitor]:  # noqa: ARG002
        """None."""
        return []


class MonitorTester(Protocol):
    """Checks rules and runs their unit tests."""

    def test(self, monitors: MonitorSet, progress: Progress) -> None:
        """Nothing, if all are right.

        :raises BuildFailed: what is wrong: the rule, the test, what was expected, what it got.
        :raises NotFound: the program that tests is not installed; with the command that installs it.
        """

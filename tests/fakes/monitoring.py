"""promtool and Prometheus in memory."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from domain.errors import BuildFailed, DeployHalted, Superseded, Unreachable
from domain.monitor_set import InstalledMonitors, MonitorSet
from domain.monitor_state import HEALTHY, ActiveAlert, JudgedRule, are_loaded
from domain.progress import Progress


class MemoryTester:
    """Takes every rule but those with a text of ``failing`` in them; ``tested`` are the rules it saw."""

    def __init__(self) -> None:
        self.tested: list[str] = []
        self.failing: set[str] = set()

    def test(self, monitors: MonitorSet, progress: Progress) -> None:
        progress.say("testing")
        self.tested.append(monitors.rules)
        if any(mark in monitors.rules for mark in self.failing):
            raise BuildFailed("monitors/cart.yaml: CartFails fails the test 'it fires' at 5m")


class MemoryMonitoring:
    """A Prometheus that judges at once, and finds nothing but ``active`` alerts, by canonical name and rule.

    ``rejected`` are texts that it takes no rule with, ``health`` is every rule's, ``values`` what a query with
    a text in it comes to (1, if none fits), ``unreachable`` how many questions it leaves unanswered,
    ``gone_after`` whose monitors are the last that it takes. ``asked`` is every query so far.
    """

    def __init__(self) -> None:
        self.there: dict[str, InstalledMonitors] = {}
        self.loads: list[str] = []
        self.active: dict[str, dict[str, ActiveAlert]] = {}
        self.rejected: set[str] = set()
        self.health = HEALTHY
        self.values: dict[str, float | None] = {}
        self.asked: list[str] = []
        self.unreachable = 0
        self.gone_after = ""

    def install(self, monitors: InstalledMonitors, progress: Progress) -> bool:
        self._answer()
        there = self.there.get(monitors.name)
        if there and there.number > monitors.number:
            raise Superseded(f"the monitors of {monitors.name} are those of release #{there.number}")
        anew = not are_loaded(monitors, self.judged(monitors.name))
        if anew and any(mark in monitors.text for mark in self.rejected):
            raise DeployHalted(f"Prometheus does not take the monitors of {monitors.name}")
        self.there[monitors.name] = monitors
        if anew:
            self.loads.append(monitors.name)
        if monitors.name == self.gone_after:
            self.unreachable = 1_000_000
        return anew

    def judged(self, name: str) -> list[JudgedRule]:
        self._answer()
        there = self.there.get(name)
        active = self.active.get(name, {})
        return [
            JudgedRule(
                group=group.name,
                name=rule.alert,
                version=there.version,
                health=self.health,
                evaluated=_last_evaluation(),
                alerts=(active[rule.alert],) if rule.alert in active else (),
            )
            for group in (there.rules.groups if there and there.rules else ())
            if there
            for rule in group.rules
        ]

    def value(self, query: str) -> float | None:
        self._answer()
        self.asked.append(query)
        return next((value for mark, value in self.values.items() if mark in query), 1)

    def _answer(self) -> None:
        if self.unreachable:
            self.unreachable -= 1
            raise Unreachable("Prometheus", "memory", "connection refused")


def _last_evaluation() -> datetime:
    """Twenty times a second, whoever asks how often."""
    return datetime.fromtimestamp(int(time.time() * 20) / 20, UTC)

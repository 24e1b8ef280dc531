"""promtool and Prometheus in memory."""

from __future__ import annotations

from domain.errors import BuildFailed
from domain.monitor_set import MonitorSet
from domain.progress import Progress


class MemoryTester:
    """Takes every rule but those whose expression holds a text of ``failing``; ``tested`` are the rules it saw."""

    def __init__(self) -> None:
        self.tested: list[str] = []
        self.failing: set[str] = set()

    def test(self, monitors: MonitorSet, progress: Progress) -> None:
        progress.say("testing")
        self.tested.append(monitors.rules)
        if any(mark in monitors.rules for mark in self.failing):
            raise BuildFailed("monitors/cart.yaml: CartFails fails the test 'it fires' at 5m")

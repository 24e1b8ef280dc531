"""The monitors of one release while it is watched."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.errors import VerifyFailed
from domain.monitor import Monitoring
from domain.monitor_questions import looking_back_over, measured, requests_seen
from domain.monitor_set import InstalledMonitors
from domain.monitor_state import JudgedRule, Judgement, judge


class NoWatch:
    """Of a release without monitors there is nothing to see."""

    def look(self) -> Judgement:
        return Judgement()

    def without_data(self) -> Sequence[str]:
        return ()

    def seen(self, bake: timedelta) -> str:  # noqa: ARG002
        return ""


class Watch:
    """The monitors of one release during its bake.

    :param excused: by the name of a rule a time; its alerts that began before say nothing of the release.
    :param settled: a rule counts once it was evaluated after so much of the watching.
    """

    def __init__(
        self,
        monitoring: Monitoring,
        monitors: InstalledMonitors,
        arrived: datetime,
        excused: Mapping[str, datetime],
        settled: timedelta,
    ) -> None:
        self._monitoring = monitoring
        self._monitors = monitors
        self._rules = monitors.rules.rules if monitors.rules else []
        self._arrived = arrived
        self._excused = excused
        self._settled = time.monotonic() + settled.total_seconds()
        self._after = _evaluations(self._judged())

    def look(self) -> Judgement:
        """What the monitors say now; :raises VerifyFailed: one fires."""
        rules = self._judged()
        if time.monotonic() < self._settled:
            self._after = _evaluations(rules)
        judgement = judge(self._monitors, rules, self._arrived, self._after, self._excused)
        if judgement.firing:
            raise VerifyFailed(f"{self._monitors.name}: {'; '.join(judgement.firing)}")
        return judgement

    def without_data(self) -> Sequence[str]:
        """The monitors that have nothing to judge."""
        lacking = defaultdict(list)
        for rule in self._rules:
            if query := measured(rule):
                lacking[query].append(rule.alert)
        return [
            f"{', '.join(names)}: no data, {query} has no series"
            for query, names in lacking.items()
            if self._monitoring.value(query) is None
        ]

    def seen(self, bake: timedelta) -> str:
        """How many monitors were silent, how many requests they saw, and who looked at earlier ones, too."""
        asked = defaultdict(list)
        for rule in self._rules:
            if query := requests_seen(rule, round(bake.total_seconds())):
                asked[query].append(rule.alert)
        counts = [
            f"{', '.join(names)} saw {self._monitoring.value(query) or 0:.0f} requests"
            for query, names in asked.items()
        ]
        return "; ".join([f": {len(self._rules)} monitors silent", *counts, *looking_back_over(self._rules, bake)])

    def _judged(self) -> Sequence[JudgedRule]:
        return self._monitoring.judged(self._monitors.name)


def _evaluations(rules: Sequence[JudgedRule]) -> dict[tuple[str, str], datetime]:
    """When each rule was evaluated last."""
    return {rule.key: rule.evaluated for rule in rules}

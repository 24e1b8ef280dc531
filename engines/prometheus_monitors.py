"""The monitors of services in an environment's Prometheus: installed as files, confirmed and watched by its API."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePath

from pydantic import BaseModel, Field

from domain.errors import Conflict, DeployHalted, Superseded, VerifyFailed
from domain.monitor_rules import VERSION
from domain.monitor_set import InstalledMonitors
from domain.monitor_state import FAULTY, ActiveAlert, JudgedRule, are_loaded
from domain.progress import Progress
from engines.prometheus_api import SERVER, Forbidden, PrometheusApi, Rejected
from engines.rule_files import SUFFIX, RuleFiles

#: Seconds in which what was loaded must show: a reload that is answered has happened.
PATIENCE = 5.0
POLL = 0.1


class _Alert(BaseModel):
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    state: str
    since: datetime = Field(alias="activeAt")
    value: str


class _Rule(BaseModel):
    name: str
    health: str
    error: str = Field(default="", alias="lastError")
    evaluated: datetime = Field(alias="lastEvaluation")
    annotations: dict[str, str] = Field(default_factory=dict)
    alerts: list[_Alert] = Field(default_factory=list)


class _Group(BaseModel):
    name: str
    file: str
    rules: list[_Rule]


class _Groups(BaseModel):
    groups: list[_Group]


class _Rules(BaseModel):
    data: _Groups


class _Sample(BaseModel):
    value: tuple[float, str]


class _Vector(BaseModel):
    result: list[_Sample]


class _Value(BaseModel):
    data: _Vector


class PrometheusMonitors:
    """A :class:`domain.monitor.Monitoring`.

    :param url: the base URL of Prometheus.
    :param directory: what its ``rule_files`` name as ``<directory>/*.yml``; this process writes there.
    """

    def __init__(self, url: str, directory: Path) -> None:
        self._api = PrometheusApi(url)
        self._files = RuleFiles(directory)

    def install(self, monitors: InstalledMonitors, progress: Progress) -> bool:
        """Write the file, have it read, and see it loaded; whether it had to be read.

        After a crash the file may be there and not be loaded: what is loaded decides, not what is there.
        """
        with self._files.locked(progress):
            there = self._files.written(monitors.name)
            if there and there[0] > monitors.number:
                raise Superseded(
                    f"the monitors of {monitors.name} are those of release #{there[0]}, newer than #{monitors.number}"
                )
            rules = self.judged(monitors.name)
            if not self._files.holds(monitors):
                proven = there is not None and {rule.version for rule in rules} == {there[1]}
                self._files.put(monitors, keep=proven)
            anew = not are_loaded(monitors, rules)
            if anew:
                progress.say("Prometheus reads its rules")
                self._load(monitors, progress)
            self._files.confirm(monitors.name)
        return anew

    def judged(self, name: str) -> list[JudgedRule]:
        """The rules of the service's file."""
        groups = self._api.get("rules", _Rules, {"type": "alert"}).data.groups
        return [
            _judged(group.name, rule)
            for group in groups
            if PurePath(group.file).name == name + SUFFIX
            for rule in group.rules
        ]

    def value(self, query: str) -> float | None:
        """The first sample of an instant query; ``None`` without any.

        :raises VerifyFailed: Prometheus does not take the query.
        """
        try:
            result = self._api.get("query", _Value, {"query": query}).data.result
        except Rejected as error:
            raise VerifyFailed(
                f"{SERVER} at {self._api.shown} cannot answer {query}: {error}\n"
                f"  next: mend the annotation, and try it with onward check"
            ) from None
        return float(result[0].value[1]) if result else None

    def _load(self, monitors: InstalledMonitors, progress: Progress) -> None:
        try:
            self._api.reload()
        except Rejected as error:
            self._files.restore(monitors.name)
            if not isinstance(error, Forbidden):
                self._refuse_others(monitors)
            raise DeployHalted(
                f"{SERVER} at {self._api.shown} does not take the monitors of {monitors.name}, "
                f"and keeps those it had: {error}\n  next: its log says which rule"
            ) from None
        try:
            self._see_loaded(monitors, progress)
        except DeployHalted:
            self._files.restore(monitors.name)
            with suppress(Rejected):
                self._api.reload()
            raise

    def _refuse_others(self, monitors: InstalledMonitors) -> None:
        """:raises Conflict: what was there before is not taken either, so that it is not these monitors' fault."""
        try:
            self._api.reload()
        except Rejected as error:
            raise Conflict(
                f"{SERVER} at {self._api.shown} takes no rules at all, nor those from before the monitors of "
                f"{monitors.name}: {error}\n  next: promtool check rules {self._files.directory}/*{SUFFIX}"
            ) from None

    def _see_loaded(self, monitors: InstalledMonitors, progress: Progress) -> None:
        end = time.monotonic() + PATIENCE
        while not are_loaded(monitors, rules := self.judged(monitors.name)):
            if time.monotonic() > end:
                raise DeployHalted(
                    f"{SERVER} at {self._api.shown} has {len(rules)} rules of {monitors.name} after it read them, "
                    f"not those of this release\n"
                    f"  expected: rule_files with {self._files.directory}/*{SUFFIX} in its configuration"
                )
            progress.wait(POLL)
        faulty = [f"{rule.name}: {rule.error}" for rule in rules if rule.health == FAULTY]
        if faulty:
            raise DeployHalted(f"{SERVER} cannot evaluate monitors of {monitors.name}: {'; '.join(faulty)}")


def _judged(group: str, rule: _Rule) -> JudgedRule:
    return JudgedRule(
        group=group,
        name=rule.name,
        version=rule.annotations.get(VERSION, ""),
        health=rule.health,
        error=rule.error,
        evaluated=rule.evaluated,
        alerts=tuple(
            ActiveAlert(
                labels=alert.labels,
                firing=alert.state == "firing",
                since=alert.since,
                value=alert.value,
                summary=alert.annotations.get("summary", ""),
            )
            for alert in rule.alerts
        ),
    )

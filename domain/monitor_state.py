"""What Prometheus says of the monitors of a service, and what follows from it for a release that is watched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from domain.message import Message
from domain.monitor_rules import VERSION, RuleGroup
from domain.monitor_set import InstalledMonitors

#: How much longer a release is watched while a monitor is pending, and while there is nothing to judge:
#: Prometheus evaluates and scrapes once a minute, if nobody says otherwise.
PENDING_PATIENCE = timedelta(minutes=15)
DATA_PATIENCE = timedelta(minutes=3)

#: A rule counts once it was evaluated after so much of the watching: replicas are scraped every two seconds, and what
#: it saw until then may be the deploy itself.
SETTLED = timedelta(seconds=3)

HEALTHY = "ok"
FAULTY = "err"


class ActiveAlert(Message):
    """A monitor whose condition holds, for some series; ``firing`` once it has held for long enough."""

    labels: dict[str, str]
    firing: bool
    since: datetime
    value: str
    summary: str = ""


class JudgedRule(Message):
    """One rule as Prometheus has it. ``health``: ``ok``, ``err`` or ``unknown``; ``version``: of its monitors."""

    group: str
    name: str
    version: str
    health: str
    error: str = ""
    evaluated: datetime
    alerts: tuple[ActiveAlert, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What tells a rule from the others of its service."""
        return self.group, self.name


class Judgement(Message):
    """``firing`` ends a release, ``pending`` may come to that, ``unknown`` says nothing yet. One line each."""

    firing: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def are_loaded(monitors: InstalledMonitors, rules: Iterable[JudgedRule]) -> bool:
    """Whether exactly these monitors are loaded, and no others of the service."""
    return sorted((*rule.key, rule.version) for rule in rules) == sorted(
        (group.name, rule.alert, monitors.version) for group in _groups(monitors) for rule in group.rules
    )


def judge(
    monitors: InstalledMonitors,
    rules: Sequence[JudgedRule],
    arrived: datetime,
    after: Mapping[tuple[str, str], datetime],
    excused: Mapping[str, datetime],
) -> Judgement:
    """What the monitors say of a release.

    An alert that was active before the release arrived says nothing of it yet: it has to end, unless
    its rule is excused: something else than a release ends its alerts. Nor does one of a rule that was not
    evaluated since the watching began: a replica that was on its way then may have come.

    :param arrived: when the environment began to take the release.
    :param after: for each rule a time; what it says counts once it was evaluated after that.
    :param excused: by the name of a rule a time; its alerts that began before are passed over.
    """
    firing, pending, unknown = [], [], []
    if not are_loaded(monitors, rules):
        unknown.append(f"what Prometheus has is not the {_count(monitors)} monitors of this release")
    for rule in rules:
        if rule.health != HEALTHY:
            unknown.append(f"{rule.name}: its health is {rule.health}{f': {rule.error}' if rule.error else ''}")
        elif rule.key in after and rule.evaluated <= after[rule.key]:
            unknown.append(f"{rule.name}: not evaluated since the bake began")
            continue
        for alert in rule.alerts:
            if alert.since < excused.get(rule.name, alert.since):
                continue
            if alert.since < arrived:
                pending.append(f"{_told(rule, alert)}, since before this release came")
            elif alert.firing:
                firing.append(_told(rule, alert))
            else:
                pending.append(_told(rule, alert))
    return Judgement(firing=tuple(firing), pending=tuple(pending), unknown=tuple(unknown))


def _told(rule: JudgedRule, alert: ActiveAlert) -> str:
    hidden = ("alertname", VERSION)
    labels = ", ".join(f'{name}="{value}"' for name, value in sorted(alert.labels.items()) if name not in hidden)
    state = "fires" if alert.firing else "is pending"
    return f"{rule.name} {state} {{{labels}}} with value {alert.value}{f': {alert.summary}' if alert.summary else ''}"


def _groups(monitors: InstalledMonitors) -> Sequence[RuleGroup]:
    return monitors.rules.groups if monitors.rules else ()


def _count(monitors: InstalledMonitors) -> int:
    return len(monitors.rules.rules) if monitors.rules else 0

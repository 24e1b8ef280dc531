"""What Onward asks Prometheus about a monitor, beside whether it fires: has it anything to judge, and how much?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from domain.duration import format_duration
from domain.monitor_rules import MEASURED, REQUESTS, AlertRule
from domain.promql import looks_back, selectors


def measured(rule: AlertRule) -> str | None:
    """An expression that has a series exactly when there is something for a rule to judge; ``None`` if it needs none.

    Without the annotation, one of the series that the rule's expression names must be there.
    """
    if MEASURED in rule.annotations:
        return f"count({rule.annotations[MEASURED]})"
    return " or ".join(f"count({each})" for each in selectors(rule.expr)) or None


def requests_seen(rule: AlertRule, seconds: int) -> str | None:
    """How many requests came in the last seconds, for a rule that depends on them."""
    counter = rule.annotations.get(REQUESTS)
    if counter is None:
        return None
    return f"clamp_min((sum({counter}) or vector(0)) - (sum({counter} offset {max(seconds, 1)}s) or vector(0)), 0)"


def looking_back_over(rules: Iterable[AlertRule], bake: timedelta) -> list[str]:
    """Those that depend on requests and judge some from before a bake, too: ``ErrorRatioHigh looks back 1m``."""
    longer = defaultdict(list)
    for rule in rules:
        if REQUESTS in rule.annotations and (span := looks_back(rule.expr)) > bake:
            longer[span].append(rule.alert)
    return [
        f"{', '.join(names)} look{'' if len(names) > 1 else 's'} back {format_duration(span)}"
        for span, names in longer.items()
    ]


def questions(rule: AlertRule) -> dict[str, str]:
    """The same by annotation, for those that a rule has: each must be an expression."""
    asked = {MEASURED: measured(rule), REQUESTS: requests_seen(rule, 1)}
    return {name: query for name, query in asked.items() if query and name in rule.annotations}

"""The monitors that every batch job has: its last run failed; none has ended well in time.

They read two times that the environment's worker tells, which takes over what earlier workers have seen. Until it has,
each looks back over what Prometheus kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.duration import format_duration
from domain.identity import ServiceId
from domain.monitor_rules import ENVIRONMENT, MEASURED, AlertRule
from domain.monitor_tests import AlertTest, ExpectedAlert, InputSeries, UnitTest
from domain.service import Kind, ServiceDefinition
from domain.tested_rule import TestedRule

#: How long a worker may be away, beside what is late by itself, until nothing is known of earlier runs.
MEMORY = timedelta(days=1)

#: In which a worker that is started anew has taken over what earlier ones have seen, where Prometheus kept nothing.
TAKING_OVER = "1m"

FAILED, LATE = "RunFailed", "RunLate"

JOB = "max by (environment, application, role)"


def of_job(definition: ServiceDefinition) -> list[TestedRule]:
    """Kind ``batch``; whether a run is late is only known of a job that says when it is due."""
    own, within = _own(definition.service), definition.batch.late_within
    return [_failed(own), *([_late(own, within)] if within else [])]


def excused(definition: ServiceDefinition, arrived: datetime) -> dict[str, datetime]:
    """Rule → a time: its alerts that began before say nothing of the release, and only a run that ends well ends them.

    A release that adds a schedule or shortens it finds a job that is late by it at once.

    :param arrived: when the release did.
    """
    if definition.kind is not Kind.BATCH:
        return {}
    return {FAILED: arrived, LATE: arrived + (definition.batch.late_within or timedelta(0))}


def _failed(own: str) -> TestedRule:
    failure, success = _series("failure", own), _series("success", own)
    span = format_duration(MEMORY)
    last = f"{JOB} (max_over_time({failure}[{span}]))"
    rule = _rule(
        FAILED,
        f"{last} > ({JOB} (max_over_time({success}[{span}])) or {last} * 0)",
        "its last run failed",
        own,
    )
    return TestedRule(
        rule,
        (
            _test(rule, "its last run failed", {failure: "_x5 90x10", success: "30x15"}, fires=True),
            _test(rule, "no run has ended well yet", {failure: "_x5 90x10"}, fires=True),
            _test(
                rule,
                "the worker was started anew since",
                {failure: "90x5 stale _x9", success: "30x5 stale _x9"},
                fires=True,
            ),
            _test(rule, "a later one ended well", {failure: "90x15", success: "30x5 120x10"}),
            _test(rule, "nothing has run", {}),
        ),
    )


def _late(own: str, within: timedelta) -> TestedRule:
    success, deployed = _series("success", own), f"onward_deployed_timestamp_seconds{{{own}}}"
    span = format_duration(within + MEMORY)
    last = f"({JOB} (max_over_time({success}[{span}])) or {JOB} ({deployed}))"
    rule = _rule(
        LATE,
        f"time() - {last} > {within.total_seconds():.0f}",
        f"no run has ended well for {format_duration(within)}",
        own,
        TAKING_OVER,
    )
    late = f"-{within.total_seconds() + 60:.0f}"  # before the tests begin, at 0
    return TestedRule(
        rule,
        (
            _test(rule, "the last success is too long ago", {success: f"{late}x15"}, fires=True),
            _test(rule, "the worker was started anew since", {success: f"{late}x3 stale _x11"}, fires=True),
            _test(rule, "none has ended well since it was deployed", {deployed: f"{late}x15"}, fires=True),
            _test(rule, "one has ended well just now", {success: f"{late}x6 105x9", deployed: f"{late}x15"}),
            _test(rule, "it was deployed just now", {deployed: "105x15"}),
        ),
    )


def _own(service: ServiceId) -> str:
    return f'environment="{ENVIRONMENT}",application="{service.application}",role="{service.role}"'


def _series(outcome: str, own: str) -> str:
    return f"onward_batch_last_{outcome}_timestamp_seconds{{{own}}}"


def _rule(name: str, expr: str, summary: str, own: str, lasting: str = "0s") -> AlertRule:
    """That the environment tells of the job at all is what a bake needs to know: a run may be days away."""
    return AlertRule.model_validate(
        {
            "alert": name,
            "expr": expr,
            "for": lasting,
            "labels": {"severity": "page"},
            "annotations": {"summary": summary, MEASURED: f"onward_replicas_wanted{{{own}}}"},
        }
    )


def _test(rule: AlertRule, name: str, series: dict[str, str], *, fires: bool = False) -> UnitTest:
    """A sample every fifteen seconds; looked at after seven of them."""
    alerts = (ExpectedAlert(exp_labels=rule.labels, exp_annotations=rule.annotations),) if fires else ()
    return UnitTest(
        name=f"{rule.alert}: {name}",
        interval="15s",
        input_series=tuple(InputSeries(series=each, values=values) for each, values in series.items()),
        alert_rule_test=(AlertTest(eval_time="105s", alertname=rule.alert, exp_alerts=alerts),),
    )

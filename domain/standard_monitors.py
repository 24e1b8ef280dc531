"""The monitors that every service of a kind has, generated from its definition, each with its unit tests.

A kind has one pure function here: a definition in, rules with their tests out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from domain.batch_monitors import of_job
from domain.identity import ServiceId
from domain.monitor_rules import ENVIRONMENT, MEASURED, REQUESTS, AlertRule
from domain.monitor_tests import AlertTest, ExpectedAlert, InputSeries, UnitTest
from domain.service import Kind, ServiceDefinition
from domain.tested_rule import TestedRule

#: Upper bound of a bucket of Traefik's histogram by itself, so that the estimate there is exact.
SLOW_SECONDS = 1.2

#: Two workers of an environment, one of which comes for the other, tell of the same service.
MOST = "max by (environment, application, role)"

#: Bytes that are enough on any disk.
PLENTY = "10e9"


def of_service(definition: ServiceDefinition) -> list[TestedRule]:
    """Kind ``service``: what the edge sees of it, if it has an ingress; its tasks."""
    edge = at_the_edge(definition.service) if definition.ingress else []
    return [*edge, *of_tasks(definition.service)]


def of_site(definition: ServiceDefinition) -> list[TestedRule]:
    """Kind ``static``: what the edge sees of it. A site has no task that could be down."""
    return at_the_edge(definition.service)


def of_datastore(definition: ServiceDefinition) -> list[TestedRule]:
    """Kind ``datastore``: its task, and the disk that its data are on."""
    return [*of_tasks(definition.service), *of_disk(definition.service)]


#: What each kind has.
BY_KIND: Mapping[Kind, Callable[[ServiceDefinition], list[TestedRule]]] = {
    Kind.SERVICE: of_service,
    Kind.STATIC: of_site,
    Kind.BATCH: of_job,
    Kind.DATASTORE: of_datastore,
}


def standard_monitors(definition: ServiceDefinition) -> list[TestedRule]:
    """The standard monitors of a service."""
    return BY_KIND[definition.kind](definition)


def at_the_edge(service: ServiceId) -> list[TestedRule]:
    """What requests by way of the edge come to: errors and latency, in Traefik's own metrics."""
    ours = f'service=~"{ENVIRONMENT}-{service}@.+"'
    requests, bucket = "traefik_service_requests_total", "traefik_service_request_duration_seconds_bucket"
    errors = f'{requests}{{{ours},code=~"5.."}}'
    measured = {
        MEASURED: f'traefik_config_reloads_total{{environment="{ENVIRONMENT}"}}',
        REQUESTS: f"{requests}{{{ours}}}",
    }
    ratio = _rule(
        "ErrorRatioHigh",
        f"sum(rate({errors}[1m])) / sum(rate({requests}{{{ours}}}[1m])) > 0.05 and sum(increase({errors}[1m])) >= 5",
        "30s",
        "page",
        "{{ $value | humanizePercentage }} of all requests are answered with 5xx",
        measured,
    )
    latency = _rule(
        "LatencyHigh",
        f"histogram_quantile(0.95, sum by (le) (rate({bucket}{{{ours}}}[2m]))) > {SLOW_SECONDS}",
        "2m",
        "page",
        "one request in twenty takes longer than {{ $value | humanizeDuration }}",
        measured,
    )

    def counted(ok: str, failed: str) -> dict[str, str]:
        served = f'{requests}{{service="{ENVIRONMENT}-{service}@swarm",method="GET",code="%s"}}'
        return {served % 200: ok, served % 502: failed}

    def timed(fast: str, slow: str) -> dict[str, str]:
        answered = f'{bucket}{{service="{ENVIRONMENT}-{service}@swarm",code="200",le="%s"}}'
        return {answered % "0.1": fast, answered % SLOW_SECONDS: fast, answered % 5: slow, answered % "+Inf": slow}

    return [
        TestedRule(
            ratio,
            (
                _fires(ratio, counted("0+9x60", "0+1x60"), "10% of all requests are answered with 5xx"),
                _silent(ratio, "one in twenty-five fails", counted("0+24x60", "0+1x60")),
                _silent(ratio, "one single request fails", counted("0x60", "0x44 1x15")),
                _silent(ratio, "nobody asks", counted("7x60", "7x60")),
            ),
        ),
        TestedRule(
            latency,
            (
                _fires(latency, timed("0+1x60", "0+2x60"), "one request in twenty takes longer than 4.62s"),
                _silent(latency, "all are fast", timed("0+2x60", "0+2x60")),
                _silent(latency, "nobody asks", timed("9x60", "9x60")),
            ),
        ),
    ]


def of_tasks(service: ServiceId) -> list[TestedRule]:
    """Whether the tasks of a service are there and stay, in the metrics of its environment's worker."""
    running, wanted, failed = _told_by_workers(service, "replicas_running", "replicas_wanted", "tasks_failed_total")
    missing = _rule(
        "ReplicasMissing",
        f"{MOST} ({running}) < {MOST} ({wanted})",
        "1m",
        "page",
        "only {{ $value }} replicas are up",
        {MEASURED: running},
    )
    unknown = _unknown("ReplicasUnknown", wanted, "1m", "nothing tells how many replicas are up")
    restarts = _rule(
        "TasksFail",
        f"{MOST} (increase({failed}[2m])) >= 3",
        "0s",
        "page",
        "tasks end by themselves and are started again",
        {MEASURED: failed},
    )
    return [
        TestedRule(
            missing,
            (
                _fires(missing, {running: "1x60", wanted: "2x60"}, "only 1 replicas are up"),
                _silent(missing, "all are up", {running: "2x60", wanted: "2x60"}),
                _silent(missing, "an update starts one more", {running: "3x60", wanted: "2x60"}),
            ),
        ),
        unknown,
        TestedRule(
            restarts,
            (
                _fires(restarts, {failed: "0+1x60"}, "tasks end by themselves and are started again"),
                _silent(restarts, "one failed once", {failed: "0x40 1x20"}),
                _silent(restarts, "those that failed are long past", {failed: "0+1x10 10x50"}),
            ),
        ),
    ]


def of_disk(service: ServiceId) -> list[TestedRule]:
    """Whether the disk below a volume is nearly full: a tenth is much of a small one, and plenty of a large one."""
    size, free = _told_by_workers(service, "datastore_disk_size_bytes", "datastore_disk_free_bytes")
    rule = _rule(
        "DiskFull",
        f"{MOST} ({free}) / {MOST} ({size}) < 0.1 and {MOST} ({free}) < {PLENTY}",
        "1m",
        "page",
        "only {{ $value | humanizePercentage }} of its disk is free",
        {MEASURED: free},
    )
    unknown = _unknown("DiskUnknown", free, "3m", "nothing tells how full its disk is")
    return [
        TestedRule(
            rule,
            (
                _fires(rule, {size: "100e9x60", free: "4e9x60"}, "only 4% of its disk is free"),
                _silent(rule, "a fifth is free", {size: "10e9x60", free: "2e9x60"}),
                _silent(rule, "a twentieth of a large disk is free", {size: "4000e9x60", free: "200e9x60"}),
                _silent(rule, "for less than a minute", {size: "100e9x60", free: "20e9x46 4e9x13"}),
            ),
        ),
        unknown,
    ]


def _told_by_workers(service: ServiceId, *names: str) -> list[str]:
    """The series of a service that its environment's worker tells, by the names of their metrics."""
    own = f'environment="{ENVIRONMENT}",application="{service.application}",role="{service.role}"'
    return [f"onward_{name}{{{own}}}" for name in names]


def _unknown(name: str, series: str, hold: str, summary: str) -> TestedRule:
    """Nobody tells a series any more."""
    rule = _rule(name, f"absent({series})", hold, "page", summary, {MEASURED: series})
    told = _silent(rule, "it is told", {series: "2x60"})
    return TestedRule(rule, (_fires(rule, {'up{job="another"}': "1x60"}, summary), told))


def _rule(name: str, expr: str, hold: str, severity: str, summary: str, annotations: Mapping[str, str]) -> AlertRule:
    return AlertRule.model_validate(
        {
            "alert": name,
            "expr": expr,
            "for": hold,
            "labels": {"severity": severity},
            "annotations": {"summary": summary, **annotations},
        }
    )


def _fires(rule: AlertRule, series: Mapping[str, str], summary: str) -> UnitTest:
    expected = ExpectedAlert(exp_labels=rule.labels, exp_annotations=rule.annotations | {"summary": summary})
    return _test(rule, "it fires", series, (expected,))


def _silent(rule: AlertRule, name: str, series: Mapping[str, str]) -> UnitTest:
    return _test(rule, name, series, ())


def _test(rule: AlertRule, name: str, series: Mapping[str, str], alerts: tuple[ExpectedAlert, ...]) -> UnitTest:
    """A sample every five seconds; looked at after four and a half minutes."""
    return UnitTest(
        name=f"{rule.alert}: {name}",
        interval="5s",
        input_series=tuple(InputSeries(series=each, values=values) for each, values in series.items()),
        alert_rule_test=(AlertTest(eval_time="4m30s", alertname=rule.alert, exp_alerts=alerts),),
    )

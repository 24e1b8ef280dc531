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


def of_service(definition: ServiceDefinition) -> list[TestedRule]:
    """Kind ``service``: what the edge sees of it, if it has an ingress; its tasks."""
    edge = at_the_edge(definition.service) if definition.ingress else []
    return [*edge, *of_tasks(definition.service)]


def of_site(definition: ServiceDefinition) -> list[TestedRule]:
    """Kind ``static``: what the edge sees of it. A site has no task that could be down."""
    return at_the_edge(definition.service)


#: What each kind has.
BY_KIND: Mapping[Kind, Callable[[ServiceDefinition], list[TestedRule]]] = {
    Kind.SERVICE: of_service,
    Kind.STATIC: of_site,
    Kind.BATCH: of_job,
    Kind.DATASTORE: lambda definition: of_tasks(definition.service),
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
                _silent(ratio, "one single request fails", counted("0x60", "0x40 1x20")),
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
    own = f'environment="{ENVIRONMENT}",application="{service.application}",role="{service.role}"'
    running, wanted, failed = (
        f"onward_{name}{{{own}}}" for name in ("replicas_running", "replicas_wanted", "tasks_failed_total")
    )
    most = "max by (environment, application, role)"
    missing = _rule(
        "ReplicasMissing",
        f"{most} ({running}) < {most} ({wanted})",
        "1m",
        "page",
        "only {{ $value }} replicas are up",
        {MEASURED: running},
    )
    unknown = _rule(
        "ReplicasUnknown",
        f"absent({wanted})",
        "1m",
        "page",
        "nothing tells how many replicas are up",
        {MEASURED: wanted},
    )
    restarts = _rule(
        "TasksFail",
        f"{most} (increase({failed}[2m])) >= 3",
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
        TestedRule(
            unknown,
            (
                _fires(unknown, {'up{job="another"}': "1x60"}, "nothing tells how many replicas are up"),
                _silent(unknown, "it is told", {wanted: "2x60"}),
            ),
        ),
        TestedRule(
            restarts,
            (
                _fires(restarts, {failed: "0+1x60"}, "tasks end by themselves and are started again"),
                _silent(restarts, "one failed once", {failed: "0x30 1x30"}),
                _silent(restarts, "those that failed are long past", {failed: "0+1x10 10x50"}),
            ),
        ),
    ]


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
